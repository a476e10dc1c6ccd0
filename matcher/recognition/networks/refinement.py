"""Refines the landmarks of a face on small upright pictures of it, before its chips are cut.

In a large picture the detector's landmarks have errors of one or two pixels of the scaled-down picture, so that a chip
aligned by them is slightly rotated, shifted or scaled. In the small pictures the face is upright and has a known size.
The refined landmarks are the mean over three sizes, each with its mirror image. `python -m benchmarks choices` shows
the gain.
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
"""The sizes of the face, as multiples of its size on SFace's chip."""

_MARGIN = 1.4
_MULTIPLE = 32
_MIRRORED = [1, 0, 2, 4, 3]
"""The order of the landmarks in a mirrored picture, where left and right are exchanged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """The size of an upright picture of a face. side: in pixels. points: (5, 2), the landmarks' positions in it."""

    side: int
    points: Points


def refined(detector: YuNet, image: Image, face: Face, *, scales: Sequence[float] = SCALES) -> Face:
    """Returns the face with refined landmarks, in pixels of `image`; the face unchanged if it is not detected again."""
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
    """Selects the landmarks of the face itself from those detected in a view. Returns none if they are missing.

    matrix: (2, 3), from the picture to the view. The result is in pixels of the picture.
    """
    expected = _moved(face.landmarks.astype(np.float64), matrix)
    nearest = min(seen, key=lambda landmarks: _greatest_distance(landmarks, expected), default=None)
    # Landmarks that are off by an eye distance or more belong to another face, or to none.
    if nearest is None or _greatest_distance(nearest, expected) >= view.points[1, 0] - view.points[0, 0]:
        return []
    # The inverse matrix is used, not a fit in the other direction: for a turned head that would have a smaller scale.
    return [_moved(nearest.astype(np.float64), np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2])]


def _moved(points: Points, matrix: Points) -> Points:
    moved: Points = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    return moved


def _greatest_distance(one: Landmarks, other: Points) -> float:
    """Returns the greatest distance between corresponding landmarks."""
    return float(np.linalg.norm(one - other, axis=1).max())


def _unmirrored(landmarks: Landmarks, side: int) -> Landmarks:
    exchanged = landmarks[_MIRRORED]
    exchanged[:, 0] = side - 1 - exchanged[:, 0]
    return exchanged
