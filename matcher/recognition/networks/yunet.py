"""YuNet finds faces (Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector, MIR 2023), on ONNX Runtime.

Decoding follows OpenCV's FaceDetectorYN, whose boxes it equals on the same input.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Box, Face
from matcher.recognition.networks.graph_cache import graph_of
from matcher.recognition.networks.session import Session
from matcher.recognition.networks.yunet_network import STRIDES, network
from matcher.recognition.registry import YUNET

Floats = NDArray[np.float32]
Whole = NDArray[np.intp]


MOST_SIDE = 960
"""Pixels of the longer side of the picture that the network is given, at most."""


class YuNet:
    """The detector. Safe to call from several threads at once.

    min_score: the least of the detector's own score. min_face: faces from this width in pixels on are to be found;
    larger pictures are scaled down as far as that allows, which is most of the speed. least_side, most_side: bounds
    on the longer side that the network sees.
    """

    def __init__(
        self,
        *,
        threads: int = 1,
        min_score: float = 0.7,
        overlap: float = 0.3,
        min_face: float = 48.0,
        least_side: int = 640,
        most_side: int = MOST_SIDE,
    ) -> None:
        self._session = Session(graph_of(YUNET, network), threads=threads)
        self._min_score = min_score
        self._least_logit = math.log(min_score**2 / (1 - min_score**2))
        self._overlap = overlap
        self._min_face = min_face
        self._least_side = least_side
        self._most_side = most_side

    def detect(self, image: Image) -> list[Face]:
        """The picture's faces, largest first."""
        small = self.scaled(image)
        faces = self.detect_unscaled(small)
        if small is image:
            return faces
        grow = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]], np.float32)
        return [_grown(face, grow) for face in faces]

    def scaled(self, image: Image) -> Image:
        """The picture as small as faces are looked for in it; the same one if it is no larger."""
        height, width = image.shape[:2]
        scale = self._scale(max(height, width))
        if scale == 1.0:
            return image
        return pixels.shrink(image, max(1, round(width * scale)), max(1, round(height * scale)))

    def _scale(self, longest: int) -> float:
        # By a whole number: to average whole blocks of pixels takes a tenth of the time of averaging parts of them.
        wanted = max(1 / max(1, self._min_face // _SMALLEST_SEEN), self._least_side / longest)
        return min(1.0, wanted, self._most_side / longest)

    def detect_unscaled(self, image: Image) -> list[Face]:
        """The picture's faces, largest first, looked for in the picture as it is."""
        return self.detect_batch([image])[0]

    def detect_batch(self, images: Sequence[Image]) -> list[list[Face]]:
        """The same for each of some pictures. Those of one size go through the network together."""
        found: list[list[Face]] = [[] for _ in images]
        groups = _by_size(images)
        if not groups:
            return found
        inputs = [pixels.planes(group, STRIDES[-1]) for group in groups.values()]
        outputs = [self._session.run(one) for one in inputs]
        cells = [self._sure_cells(heads, places) for heads, places in zip(outputs, groups, strict=True)]
        rows, owners = (np.concatenate(parts) for parts in zip(*cells, strict=True))
        kept = pixels.suppress(rows[:, :4].astype(np.int32), rows[:, 14], self._overlap, pictures=owners)
        for index in kept[np.argsort(-rows[kept, 2] * rows[kept, 3], kind="stable")]:
            found[owners[index]].append(_face(rows[index]))
        return found

    def surest(self, images: Sequence[Image]) -> tuple[Floats, Face]:
        """(n,) the score of the surest face of each picture, however low; and the face with the highest of them.

        The n pictures are of one size.
        """
        heads = self._session.run(pixels.planes(images, STRIDES[-1]))
        scores = [_scores(head[:, :2]).reshape(len(images), -1) for head in heads]
        surest = np.concatenate(scores, axis=1).max(axis=1)
        best = int(surest.argmax())
        level = int(np.argmax([score[best].max() for score in scores]))
        head, stride = heads[level][best], STRIDES[level]
        down, across = np.unravel_index([int(scores[level][best].argmax())], head.shape[1:])
        return surest, _face(_rows(head[:, down, across].T, down, across, stride)[0])

    def _sure_cells(self, heads: Sequence[Floats], places: Sequence[int]) -> tuple[Floats, Whole]:
        """(n, 15), see `_rows`, of the cells that are sure enough; and (n,) the place of the image that each is in.

        heads: the network's outputs for the images in these places, one of each stride: (images, 16, rows, columns).
        """
        rows, owners = [], []
        for head, stride in zip(heads, STRIDES, strict=True):
            # The score is the geometric mean of two numbers below 1: neither may be less than its square.
            owner, down, across = np.nonzero(np.minimum(head[:, 0], head[:, 1]) >= self._least_logit)
            decoded = _rows(head[owner, :, down, across], down, across, stride)
            sure = decoded[:, 14] >= self._min_score
            rows.append(decoded[sure])
            owners.append(np.array(places)[owner[sure]])
        return np.concatenate(rows), np.concatenate(owners)


def _by_size(images: Sequence[Image]) -> Mapping[tuple[int, ...], list[Image]]:
    """The images of one size, for each size; by their places among all."""
    places: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, image in enumerate(images):
        places[image.shape].append(place)
    return {tuple(group): [images[place] for place in group] for group in places.values()}


def _scores(cells: Floats) -> Floats:
    """(n, …) of (n, 2, …): the geometric mean of two probabilities, whose logits these are."""
    scores: Floats = np.sqrt(np.prod(1 / (1 + np.exp(-cells)), axis=1))
    return scores


def _rows(cells: Floats, down: Whole, across: Whole, stride: int) -> Floats:
    """(n, 15): x, y, width, height, five landmarks, score of n cells (n, 16) in these rows and columns."""
    corner = np.stack([across, down], axis=1).astype(np.float32)
    sides = np.exp(cells[:, 4:6]) * stride
    begin = (corner + cells[:, 2:4]) * stride - sides / 2
    landmarks = (cells[:, 6:].reshape(-1, 5, 2) + corner[:, None, :]) * stride
    scores = _scores(cells[:, :2])[:, None]
    return np.concatenate([begin, sides, landmarks.reshape(-1, 10), scores], axis=1, dtype=np.float32)


_SMALLEST_SEEN = 16.0
"""Width in pixels of the smallest faces that YuNet finds with certainty in the picture it is given.

Measured on 10 portraits scaled down: all found at 16 pixels, one in ten at 12, none at 10.
"""


def _face(row: Floats) -> Face:
    x, y, width, height = (float(number) for number in row[:4])
    return Face(
        box=Box(x=x, y=y, width=width, height=height), landmarks=row[4:14].reshape(5, 2).copy(), score=float(row[14])
    )


def _grown(face: Face, grow: Floats) -> Face:
    """The face in the coordinates of the picture before it was scaled down: a pixel's place is its middle."""
    across, down = float(grow[0]), float(grow[1])
    box = face.box
    return Face(
        box=Box(
            x=(box.x + 0.5) * across - 0.5,
            y=(box.y + 0.5) * down - 0.5,
            width=box.width * across,
            height=box.height * down,
        ),
        landmarks=(face.landmarks + 0.5) * grow - np.float32(0.5),
        score=face.score,
    )
