"""The landmarks of a face found anew, on small upright pictures of it, before its chips are cut along them.

A detector that looks through a large picture puts landmarks within a pixel or two of what it looks at, scaled down as
that is; cut along them, a chip is turned, shifted or scaled a little. Here the face is upright and of known size, and
its landmarks are the mean of three sizes, each with its mirror image. `python -m benchmarks choices` shows the gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import SFACE_POINTS, SFACE_SIZE, onto
from matcher.recognition.networks.yunet import YuNet

Points = NDArray[np.float64]
Landmarks = NDArray[np.float32]

SCALES = (0.7, 1.0, 1.4)
"""Sizes of the face, as multiples of that on SFace's chip."""

_MARGIN = 1.4
_MULTIPLE = 32
_MIRRORED = [1, 0, 2, 4, 3]
"""Where each landmark stands once the picture is mirrored: right is left then."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """An upright picture of a face, by its size. side: pixels. points: (5, 2), where in it the landmarks belong."""

    side: int
    points: Points


def refined(detector: YuNet, image: Image, face: Face, *, scales: Sequence[float] = SCALES) -> Face:
    """The face with landmarks found anew, in pixels of `image`; as it was where they are not found again."""
    views = [_view(scale) for scale in scales]
    matrices = [onto(face, view.points) for view in views]
    pictures = [pixels.cut(image, matrix, view.side) for view, matrix in zip(views, matrices, strict=True)]
    seen = detector.detect_batch(pixels.with_mirror_images(pictures))
    found: list[Points] = []
    for view, matrix, plain, mirrored in zip(views, matrices, seen[: len(views)], seen[len(views) :], strict=True):
        found += _own([one.landmarks for one in plain], face, view, matrix)
        found += _own([_unmirrored(one.landmarks, view.side) for one in mirrored], face, view, matrix)
    return replace(face, landmarks=np.mean(found, axis=0).astype(np.float32)) if found else face


def _view(scale: float) -> _View:
    side = -(-round(SFACE_SIZE * scale * _MARGIN) // _MULTIPLE) * _MULTIPLE
    return _View(side=side, points=(SFACE_POINTS - SFACE_SIZE / 2) * scale + side / 2)


def _own(seen: Sequence[Landmarks], face: Face, view: _View, matrix: Points) -> list[Points]:
    """Of the landmarks seen in a view those of the face itself, in pixels of its picture; none where they are missing.

    matrix: (2, 3), from the picture to the view.
    """
    was = _moved(face.landmarks.astype(np.float64), matrix)
    nearest = min(seen, key=lambda landmarks: _apart(landmarks, was), default=None)
    # Farther off than the eyes are from one another, it is somebody else's face, or none.
    if nearest is None or _apart(nearest, was) >= view.points[1, 0] - view.points[0, 0]:
        return []
    # Not the similarity the other way round: of a turned head that would be smaller, as the fit is not exact.
    return [_moved(nearest.astype(np.float64), np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2])]


def _moved(points: Points, matrix: Points) -> Points:
    moved: Points = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    return moved


def _apart(one: Landmarks, other: Points) -> float:
    """The distance of the two landmarks that are farthest apart."""
    return float(np.linalg.norm(one - other, axis=1).max())


def _unmirrored(landmarks: Landmarks, side: int) -> Landmarks:
    there = landmarks[_MIRRORED]
    there[:, 0] = side - 1 - there[:, 0]
    return there
