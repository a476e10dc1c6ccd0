"""A rotation of a picture by quarter turns, and a mirror image after it: one of eight ways a picture can lie."""

import math
import struct
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

_DISPLAY_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """quarters: turns by 90 degrees clockwise, 0 to 3. mirrored: left and right are exchanged after the rotation."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def changes_sides(self) -> bool:
        """True if the picture's width becomes its height."""
        return self.quarters % 2 == 1

    def then(self, other: "Turn") -> "Turn":
        """The composition: this turn, then the other."""
        after = -other.quarters if self.mirrored else other.quarters
        return Turn(quarters=(self.quarters + after) % 4, mirrored=self.mirrored != other.mirrored)

    def applied(self, image: NDArray[Any]) -> NDArray[Any]:
        """A picture or a map of it, (height, width) or (height, width, channels), turned. Without a turn it is the same
        object."""
        if not self.quarters and not self.mirrored:
            return image
        import cv2

        rotations = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
        if self.quarters:
            image = cv2.rotate(image, rotations[self.quarters])
        return cv2.flip(image, 1) if self.mirrored else image


def turn_of_matrix(matrix: bytes) -> Turn:
    """The turn of a display matrix: FFmpeg's libavutil/display.h, nine 32-bit integers as ISO/IEC 14496-12 8.2.2.

    A point (x, y), y down, is shown at (a x + c y, b x + d y). Angles between quarter turns are taken to the nearest.
    """
    if len(matrix) != _DISPLAY_MATRIX.size:
        return Turn()
    a, b, _, c, d, *_ = _DISPLAY_MATRIX.unpack(matrix)
    mirrored = a * d - b * c < 0
    angle = math.atan2(b, -a if mirrored else a)
    return Turn(quarters=round(angle / (math.pi / 2)) % 4, mirrored=mirrored)
