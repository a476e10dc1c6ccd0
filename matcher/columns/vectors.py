"""Vectors and the reference numbers that they are kept under."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


Numbers = NDArray[np.int64]


DIMENSION = 128
"""The dimension of the vectors that the default fusion searches."""
