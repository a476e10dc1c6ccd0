"""One decoded picture of a stream."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from matcher.recognition.face import Image


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A frame, stamped when its packet arrived. Pixels are converted only when asked for, since most are dropped.

    arrived: seconds of time.monotonic(), comparable between the processes of one machine. captured_at: UTC.
    pixels(): the whole picture. shrunk(width, height): the picture scaled down to that size. Both are called from one
    thread only. samples: whether it is sharp enough to cut faces from, and no substream's.
    """

    number: int
    arrived: float
    captured_at: datetime
    width: int
    height: int
    pixels: Callable[[], Image]
    shrunk: Callable[[int, int], Image]
    samples: bool = True

    def standing_for(self, width: int, height: int) -> "Frame":
        """A substream's frame in the place of the main stream's, which has this size and shows the same view.

        What is found in it has the main stream's coordinates then. It is never scaled up.
        """
        return replace(
            self,
            width=width,
            height=height,
            shrunk=lambda across, down: self.shrunk(min(across, self.width), min(down, self.height)),
            samples=False,
        )
