"""A picture in memory."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: (height, width, 3), uint8, BGR as OpenCV has it."""
