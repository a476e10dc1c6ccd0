"""Faces of a large picture at its full resolution.

The detector looks at a picture scaled down, in which the faces of a crowd are too small to be found. Here it looks at
the whole picture, for the large faces, and at overlapping tiles of it, for the small ones.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Box, Face
from matcher.recognition.fusion import Fusion
from matcher.recognition.quality import Quality
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.template import Template

_SIDE = 320
"""Pixels of a tile's side. The detector scales nothing down that is at most 640."""

_ZOOM = 2
"""How many times a tile is enlarged: faces from 8 pixels on are then as large as the smallest that are surely found."""

_OVERLAP = 96
"""Pixels that two tiles share: a face up to this size lies wholly in one of them. Larger ones are found in the whole
picture, which the detector looks at with 960 pixels on the longer side: of 4,096 it sees faces from 68 pixels on."""

_MANY, _MOST = 10, 0.8
"""A picture stands as most of its faces do, if at least this many are not doubtful and at least this share of them
agree."""

_SAME = 0.3
"""Two boxes whose intersection is more than this share of their union are one face."""


@dataclass(frozen=True, kw_only=True)
class _Tile:
    left: int
    top: int
    right: int
    bottom: int


class TiledRecogniser:
    """Finds the small faces of a picture too, and judges their orientation by one another. All else is done by the
    recogniser that it holds."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    @property
    def fusion(self) -> Fusion:
        """See `Recogniser`."""
        return self._recogniser.fusion

    @property
    def model_digest(self) -> str:
        """See `Recogniser`."""
        return self._recogniser.model_digest

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Faces of each picture, largest first. A picture has a tile for each 50,000 pixels, which takes 12 ms."""
        return [self._detect(image) for image in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        """See `Recogniser`."""
        return self._recogniser.assess(images, faces)

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        """See `Recogniser`; of the faces of one picture.

        A small face is often doubtful by itself. Where many others stand one way, the doubtful ones are taken to stand
        the same way.
        """
        found = self._recogniser.orientations(images, faces)
        common = _common(found)
        return [common if turns is None else turns for turns in found]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        """See `Recogniser`."""
        return self._recogniser.extract(images, faces)

    def _detect(self, image: Image) -> list[Face]:
        found = self._recogniser.detect([image])[0]
        height, width = image.shape[:2]
        for tile in _tiles(width, height):
            enlarged = pixels.resize(image[tile.top : tile.bottom, tile.left : tile.right], _ZOOM)
            faces = (_in_picture(face, tile) for face in self._recogniser.detect([enlarged])[0])
            found += [face for face in faces if _small(face.box) and not _cut(face.box, tile, width, height)]
        return _distinct(found)


def _common(orientations: Sequence[int | None]) -> int | None:
    """How the picture stands; None where its faces do not show it."""
    certain = [turns for turns in orientations if turns is not None]
    if len(certain) < _MANY:
        return None
    turns, count = Counter(certain).most_common(1)[0]
    return turns if count >= _MOST * len(certain) else None


def _tiles(width: int, height: int) -> Iterator[_Tile]:
    for top in _starts(height):
        for left in _starts(width):
            yield _Tile(left=left, top=top, right=min(left + _SIDE, width), bottom=min(top + _SIDE, height))


def _starts(length: int) -> range:
    return range(0, max(length - _OVERLAP, 1), _SIDE - _OVERLAP)


def _in_picture(face: Face, tile: _Tile) -> Face:
    """A face of an enlarged tile in the coordinates of the picture: a pixel's place is its middle."""
    corner = np.array([tile.left, tile.top], np.float32)
    box = face.box
    return replace(
        face,
        box=Box(
            x=(box.x + 0.5) / _ZOOM - 0.5 + tile.left,
            y=(box.y + 0.5) / _ZOOM - 0.5 + tile.top,
            width=box.width / _ZOOM,
            height=box.height / _ZOOM,
        ),
        landmarks=(face.landmarks + np.float32(0.5)) / np.float32(_ZOOM) - np.float32(0.5) + corner,
    )


def _small(box: Box) -> bool:
    return max(box.width, box.height) <= _OVERLAP


def _cut(box: Box, tile: _Tile, width: int, height: int) -> bool:
    """Whether the box reaches an edge of the tile that is none of the picture's: a neighbour has more of the face."""
    return (
        (tile.left > 0 and box.x <= tile.left)
        or (tile.top > 0 and box.y <= tile.top)
        or (tile.right < width and box.x + box.width >= tile.right)
        or (tile.bottom < height and box.y + box.height >= tile.bottom)
    )


def _distinct(faces: Sequence[Face]) -> list[Face]:
    """Each face once, as it was found with the highest score; the largest first."""
    if not faces:
        return []
    boxes = np.array([[face.box.x, face.box.y, face.box.width, face.box.height] for face in faces])
    scores = np.array([face.score for face in faces], np.float32)
    kept = pixels.suppress(boxes.round().astype(np.int32), scores, _SAME)
    return sorted((faces[place] for place in kept), key=lambda face: -face.box.width * face.box.height)
