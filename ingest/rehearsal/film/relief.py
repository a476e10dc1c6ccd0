"""A portrait seen from higher or lower: the picture as a relief, half an ellipsoid with a nose on it, turned."""

import math

import numpy as np

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face

ROUNDS = 8
"""Iterations after which the source position of each pixel has converged."""


def seen_from_above(picture: Image, face: Face, degrees: float) -> Image:
    """The picture with the head turned about the line through its ears; negative degrees: seen from below.

    What stands out moves down as it is seen from higher: y' = y cos(a) + depth sin(a), with the axis half a head behind
    the face. The relief is that of an average head and not of that person, and hidden parts stay hidden: it only
    approximates pictures of heads from above.
    """
    import cv2

    eyes = face.landmarks[1] - face.landmarks[0]
    span = max(float(np.hypot(*eyes)), 1.0)
    middle, nose = face.landmarks.mean(axis=0), face.landmarks[2]
    height, width = picture.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    angle, source = math.radians(degrees), down.astype(np.float64)
    for _ in range(ROUNDS):
        edge = ((across - middle[0]) / (1.5 * span)) ** 2 + ((source - middle[1]) / (2 * span)) ** 2
        bump = np.exp(-((across - nose[0]) ** 2 + (source - nose[1]) ** 2) / (2 * (0.25 * span) ** 2))
        depth = span * (0.8 * np.sqrt(np.maximum(1 - edge, 0)) + 0.35 * bump - 0.8)
        source = middle[1] + (down - middle[1] - depth * math.sin(angle)) / math.cos(angle)
    turned: Image = cv2.remap(
        picture, across, source.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return turned
