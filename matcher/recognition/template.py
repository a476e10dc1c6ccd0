"""What a face becomes for comparison, and the rule that different models never meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matcher.errors import ClearglassError

Floats = NDArray[np.float32]


class ModelMismatchError(ClearglassError):
    """Two templates made by different models were about to be compared."""

    code: ClassVar[str] = "model_mismatch"


@dataclass(frozen=True, kw_only=True, eq=False)
class Template:
    """The vectors of one face, and the digest of the model that made them.

    model_digest: hex SHA-256 over the weights and the version of the steps before them. vectors: by embedder's name,
    (d,) float32 as that embedder gives it, in the order of the fusion's parts.
    """

    model_digest: str
    vectors: Mapping[str, Floats]
