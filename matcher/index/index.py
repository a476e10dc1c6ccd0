"""The protocol of an index: vectors of one embedder, and which of them are nearest to a probe.

An index is inside a shard (`matcher.index.local_shard`), and only there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from matcher.columns.vectors import Numbers, Vectors

if TYPE_CHECKING:
    from matcher.columns.rows import Rows
    from matcher.columns.selection import Selection


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """numbers: (probes, k) reference numbers, nearest first, -1 where there are fewer. similarities: (probes, k)."""

    numbers: Numbers
    similarities: Vectors


class Index(Protocol):
    """Keeps vectors under their reference numbers. One thread at a time may change it, while others search."""

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    @property
    def rows(self) -> "Rows":
        """The vectors it holds."""
        ...

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """Adds (n, d) float32 vectors of length 1; they are found by the next search. Raises ValueError.

        A number that it has already gets its new vector.
        """
        ...

    def remove(self, numbers: Numbers) -> None:
        """Takes vectors out; no later search returns them. Unknown numbers are passed over."""
        ...

    def search(self, probes: Vectors, k: int, *, allowed: "Selection") -> Neighbours:
        """By inner product the k nearest of each of the (n, d) probes among the `allowed` numbers."""
        ...


def require_vectors(numbers: Numbers, vectors: Vectors, width: int) -> None:
    """Raises ValueError if there is not one finite vector of this width for each number."""
    if vectors.shape != (len(numbers), width):
        raise ValueError(f"{len(numbers)} numbers for vectors of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector is not finite")
