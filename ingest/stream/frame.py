"""One decoded picture of a stream."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image

Quantisers = NDArray[np.int32]
"""(rows, columns) of H.264's quantiser, 0 to 51, in each block of a picture; rows and columns divide it evenly."""


def _untold() -> Quantisers | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A frame, stamped when its packet arrived. Pixels are converted only on request, since most frames are dropped.

    arrived: seconds of time.monotonic(), comparable between the processes of one machine. captured_at: UTC. pixels():
    the whole picture. shrunk(width, height): the picture scaled down to that size. Both are called from one thread
    only. Pixels are square, and turned as the camera's settings state. samples: true if faces may be cut from it, which
    are too small in a substream. damaged: it depends on a packet that is damaged or missing. quantisers(): the
    quantiser of each block; None when the decoder does not report it, or was not asked to.
    """

    number: int
    arrived: float
    captured_at: datetime
    width: int
    height: int
    pixels: Callable[[], Image]
    shrunk: Callable[[int, int], Image]
    samples: bool = True
    damaged: bool = False
    quantisers: Callable[[], Quantisers | None] = _untold

    def standing_for(self, width: int, height: int) -> "Frame":
        """A substream's frame with the coordinates of the main stream's, which has this size and shows the same view.
        It is never scaled up.
        """
        return replace(
            self,
            width=width,
            height=height,
            shrunk=lambda across, down: self.shrunk(min(across, self.width), min(down, self.height)),
            samples=False,
        )
