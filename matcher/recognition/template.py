"""What a face becomes for comparison, and the rule that different models never meet."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matcher.errors import ClearglassError


class ModelMismatchError(ClearglassError):
    """Two templates made by different models were about to be compared."""

    code: ClassVar[str] = "model_mismatch"


@dataclass(frozen=True, kw_only=True, eq=False)
class Template:
    """The vectors of one face, one for each embedder, and the digest of the model that made them.

    sface: (128,) float32, of length 1; the one that is searched. dlib: (128,) float32 as dlib's network gives it.
    model_digest: hex SHA-256 over the weights and the version of the steps before them.
    """

    model_digest: str
    sface: NDArray[np.float32]
    dlib: NDArray[np.float32]
