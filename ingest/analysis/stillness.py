"""Whether a view stands still: then the faces in it are where they were, and need not be looked for again.

Pictures are compared as cells of a few pixels' mean, in which neither noise nor compression shows, with the picture
that faces were last looked for in: so what creeps is noticed too. A person who comes is seen as soon as a cell changes,
and one whom no cell shows, dark in the dark, at the next look that is due anyway.
"""

import numpy as np
from numpy.typing import NDArray

from matcher.picture.pixel_array import Image

CELLS = 64
"""Across. In a picture of 640 pixels a cell is ten wide: less than the smallest face that is searched."""

LEAST_CHANGE = 4.0
"""Of 255, in one cell's mean of one colour."""

LOOK_SECONDS = 2.0
"""After so long faces are looked for in any case."""


class Stillness:
    """The picture that faces were last looked for in. Owned by one thread."""

    def __init__(self) -> None:
        self._cells: NDArray[np.float32] | None = None
        self._looked_at = 0.0

    def holds(self, picture: Image, moment: float) -> bool:
        """Whether nothing moved since the last look, not long ago. If not, this is the one to compare with."""
        import cv2

        across = min(CELLS, picture.shape[1])
        down = max(1, round(across * picture.shape[0] / picture.shape[1]))
        cells = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32)
        before = self._cells
        if (
            before is not None
            and before.shape == cells.shape
            and 0 <= moment - self._looked_at < LOOK_SECONDS
            and float(np.abs(cells - before).max()) < LEAST_CHANGE
        ):
            return True
        self._cells, self._looked_at = cells, moment
        return False
