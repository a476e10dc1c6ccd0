"""The index protocols: one side writes, the other searches.

They are two so that the gallery, which keeps the index in step with the database, is handed no way to search it.
`matcher.matcher` hands a Searcher to two only, and both log before they search: `matcher.search.identification` and
`matcher.search.replay`.
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


class IndexWriter(Protocol):
    """Keeps vectors under their reference numbers. One thread at a time may write, while others search."""

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """Adds (n, d) float32 vectors of length 1; they are found by the next search. Raises ValueError.

        A number that it has already gets its new vector.
        """
        ...

    def remove(self, numbers: Numbers) -> None:
        """Takes vectors out; no later search returns them. Unknown numbers are passed over."""
        ...


class StartingIndex(IndexWriter, Protocol):
    """What the gallery is handed: it gives the index what it starts with, too."""

    def start(self, rows: "Rows") -> None:
        """Has the vectors of these rows at once, without a copy.

        Both go on to use them: who hands them in puts and drops there what is added and removed here.
        """
        ...


class Searcher(Protocol):
    """Finds the nearest vectors by inner product."""

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def search(self, probes: Vectors, k: int, *, allowed: "Selection") -> Neighbours:
        """The k nearest of each of the (n, d) probes among the `allowed` numbers."""
        ...


class Index(IndexWriter, Searcher, Protocol):
    """Both sides of an index whose rows another one can be built from."""

    @property
    def rows(self) -> "Rows":
        """The vectors it holds."""
        ...


def require_vectors(numbers: Numbers, vectors: Vectors, width: int) -> None:
    """Raises ValueError if there is not one finite vector of this width for each number."""
    if vectors.shape != (len(numbers), width):
        raise ValueError(f"{len(numbers)} numbers for vectors of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector is not finite")
