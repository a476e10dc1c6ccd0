"""Decides whether a face stands upright, by the detector's score in several rotations.

The landmarks alone do not show it, since the detector places them in a sideways face as if it were upright. So a small
picture of the face is aligned by its landmarks, which removes a tilt, and the detector runs on it in six rotations. In
the upright rotation the score is highest, and the detected landmarks are at the positions of the alignment. If the
result is unclear, a larger picture follows, for faces that fill their photograph; then a small one aligned by refined
landmarks, as for the embedders, for heads tilted by about 30 degrees.

The limits were chosen on LFW view 1. Of faces that pass the other rules of the quality gate, all 193 upright ones and
193 of 196 tilted by 30 degrees are judged upright, and none of 723 turned by 90, 120, 150 and 180 degrees.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image
from matcher.recognition import pixels
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import SFACE_POINTS, SFACE_SIZE, onto
from matcher.recognition.networks.refinement import refined
from matcher.recognition.networks.yunet import YuNet

Points = NDArray[np.float64]

MARGIN = 0.02
"""The least difference between the scores of the best and the second best rotation."""

LEAST_SCORE = 0.85
"""The least score of the best rotation."""

MOST_DISTANCE = 0.35
"""The greatest root mean square distance of the detected landmarks from the positions of the alignment, in eye
distances."""

SMALL, LARGE = (64, 0.4), (96, 0.6)
"""The picture's side in pixels, and the size of the face in it as a multiple of its size on SFace's chip."""

TURNS = (0, 2, 4, 6, 1, 7)
"""The rotations in eighths of a full turn, clockwise. The two odd ones reveal a tilt that the landmarks do not show:
with quarter turns alone, half of the pictures turned by 60 degrees would be judged upright."""


def quarters_to_upright(detector: YuNet, image: Image, face: Face) -> int | None:
    """Returns the quarter turns clockwise after which the face stands upright, 0 to 3; None if that is unclear."""
    for side, scale in (SMALL, LARGE):
        quarters = _quarters(detector, image, face, side, scale)
        if quarters is not None:
            return quarters
    return _quarters(detector, image, refined(detector, image, face), *SMALL)


def _quarters(detector: YuNet, image: Image, face: Face, side: int, scale: float) -> int | None:
    upright = (SFACE_POINTS - SFACE_SIZE / 2) * scale
    scores, seen = detector.surest(_turned(image, face, upright, side))
    best = TURNS[int(scores.argmax())]
    second, first = np.sort(scores)[-2:]
    if first < LEAST_SCORE or first - second < MARGIN or best % 2:
        return None
    if best == 0 and _landmark_distance(seen, upright + side / 2) > MOST_DISTANCE:
        return None
    return best // 2


def _turned(image: Image, face: Face, upright: Points, side: int) -> list[Image]:
    """Returns the picture in each of TURNS. upright: the landmarks' positions in TURNS[0], relative to its centre."""
    slope = np.sqrt(0.5)
    slanting = upright @ np.array([[slope, slope], [-slope, slope]])
    matrices = [onto(face, points + side / 2) for points in (upright, slanting)]
    chips = [pixels.cut(image, matrix, side) for matrix in matrices]
    return [np.ascontiguousarray(np.rot90(chips[eighths % 2], -(eighths // 2))) for eighths in TURNS]


def _landmark_distance(face: Face, expected: Points) -> float:
    """Returns the distance that MOST_DISTANCE limits."""
    distances = np.linalg.norm(face.landmarks - expected, axis=1)
    eyes = np.linalg.norm(expected[1] - expected[0])
    return float(np.sqrt((distances**2).mean()) / eyes)
