"""The landmarks of a face found anew, on small upright pictures of it, before its chips are cut along them.

A detector that looks through a large picture puts landmarks within a pixel or two of what it looks at, scaled down as
that is; cut along them, a chip is turned, shifted or scaled a little. Here the face is upright and of known size, and
its landmarks are the mean of three sizes, each with its mirror image. `python -m benchmarks choices` shows the gain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import LEAST_SCALE, SFACE_POINTS, SFACE_SIZE, aligned, similarity
from matcher.recognition.networks.yunet import YuNet

Points = NDArray[np.float64]

SCALES = (0.7, 1.0, 1.4)
"""Sizes of the face, as multiples of that on SFace's chip."""

_MARGIN = 1.4
_MULTIPLE = 32
_MIRRORED = [1, 0, 2, 4, 3]
"""Where each landmark stands once the picture is mirrored: right is left then."""


def refined(detector: YuNet, image: Image, face: Face, *, scales: Sequence[float] = SCALES) -> Face:
    """The face with landmarks found anew, in pixels of `image`; as it was where they are not found again."""
    found = [points for scale in scales for points in _found(detector, image, face, scale)]
    return replace(face, landmarks=np.mean(found, axis=0).astype(np.float32)) if found else face


def _found(detector: YuNet, image: Image, face: Face, scale: float) -> Iterator[Points]:
    side = -(-round(SFACE_SIZE * scale * _MARGIN) // _MULTIPLE) * _MULTIPLE
    expected = (SFACE_POINTS - SFACE_SIZE / 2) * scale + side / 2
    upright = aligned(image, face, expected, side)
    matrix = similarity(face.landmarks.astype(np.float64), expected)
    if np.hypot(*matrix[:, 0]) < LEAST_SCALE:
        return
    # Not the similarity the other way round: of a turned head that would be smaller, as the fit is not exact.
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    was = _moved(face.landmarks.astype(np.float64), matrix)
    for mirrored, faces in enumerate(detector.detect_batch([upright, pixels.mirrored(upright)])):
        seen = [_unmirrored(one.landmarks, side) if mirrored else one.landmarks for one in faces]
        nearest = min(seen, key=lambda points: _apart(points, was), default=None)
        # Farther off than the eyes are from one another, it is somebody else's face, or none.
        if nearest is not None and _apart(nearest, was) < expected[1, 0] - expected[0, 0]:
            yield _moved(nearest.astype(np.float64), back)


def _moved(points: Points, matrix: Points) -> Points:
    moved: Points = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    return moved


def _apart(one: NDArray[np.float32], other: Points) -> float:
    """The distance of the two landmarks that are farthest apart."""
    return float(np.linalg.norm(one - other, axis=1).max())


def _unmirrored(landmarks: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    there = landmarks[_MIRRORED]
    there[:, 0] = side - 1 - there[:, 0]
    return there
