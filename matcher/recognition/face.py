"""A face in a picture: where it is and where its five landmarks are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle in pixels of its picture; it may reach over the edges."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Face:
    """One detected face.

    landmarks: (5, 2) float32 pixels, in YuNet's order: the subject's right eye, left eye, nose tip, right and left
    corner of the mouth. score: the detector's own, 0 to 1.
    """

    box: Box
    landmarks: NDArray[np.float32]
    score: float
