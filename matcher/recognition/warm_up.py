"""What a recogniser does before anybody waits for it: it reads its models, and takes the memory that it will need."""

import numpy as np

from matcher.recognition.face import Box, Face
from matcher.recognition.recogniser import Recogniser

FACES = 4
"""Extracted together: more than go through a network at once."""

_FACE = Face(
    box=Box(x=40, y=30, width=80, height=100),
    landmarks=np.array([[60, 65], [100, 65], [80, 85], [65, 105], [95, 105]], np.float32),
    score=1.0,
)


def warm_up(recogniser: Recogniser, *, side: int = 160) -> None:
    """Has every model read, and works through a picture and some faces, so that memory hardly grows later.

    side: of the picture, in pixels, at least 160. Raises ModelError.
    """
    blank = np.full((side, side, 3), 127, np.uint8)
    recogniser.detect([blank])
    recogniser.assess([blank], [_FACE])
    recogniser.orientations([blank], [_FACE])
    recogniser.extract([blank] * FACES, [_FACE] * FACES)
