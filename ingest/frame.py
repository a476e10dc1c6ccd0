"""One decoded picture of a stream."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from matcher.recognition.face import Image


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A frame, stamped when its packet arrived. Pixels are converted only when asked for, since most are dropped.

    arrived: seconds of time.monotonic(), comparable between the processes of one machine. captured_at: UTC.
    pixels(): the whole picture. shrunk(width, height): the picture scaled down to that size. Both are called from one
    thread only.
    """

    number: int
    arrived: float
    captured_at: datetime
    width: int
    height: int
    pixels: Callable[[], Image]
    shrunk: Callable[[int, int], Image]
