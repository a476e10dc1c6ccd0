"""The index that compares a probe with every vector by a blocked matrix product, for galleries small enough for it."""

import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import DIMENSION, Numbers, Vectors
from matcher.index.index import Neighbours, require_vectors
from matcher.index.nearest import Best

_BLOCK = 1 << 14
"""The number of rows of one product, chosen so that their scores for a batch of probes fit in the cache."""

_FEW = 1 / 8
"""A share of a block: if fewer rows are allowed, to copy them first is faster than to compare all rows."""


class ExactIndex:
    """An Index. Several searches and one change may run simultaneously, without a lock."""

    def __init__(self, rows: Rows | None = None) -> None:
        """rows: the vectors to search, which the index goes on to change; None stands for new, empty rows."""
        self.rows = Rows(DIMENSION, np.float32) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """See Index."""
        require_vectors(numbers, vectors, self.rows.width)
        self.rows.put(numbers, vectors)

    def remove(self, numbers: Numbers) -> None:
        """See Index."""
        self.rows.drop(numbers)

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Index."""
        held = self.rows.held
        vectors = self.rows.vectors
        end, best = min(len(held), allowed.end), Best(len(probes), k)
        # One array for all blocks: to allocate memory for each block would take longer than to read it.
        scores = np.empty((len(probes), _BLOCK), dtype=np.float32)
        for begin in range(0, end, _BLOCK):
            block, inside = vectors[begin : begin + _BLOCK], held[begin : begin + _BLOCK]
            inside = inside & allowed.mask(begin, begin + len(inside))
            places = np.flatnonzero(inside)
            if len(places) < len(block) * _FEW:
                best.take(begin + places, probes @ block[places].T)
                continue
            # The order matters: without AVX-512, OpenBLAS takes twice as long for 2 to 8 probes with swapped factors.
            similarities = np.matmul(probes, block[: len(inside)].T, out=scores[:, : len(inside)])
            if len(places) < len(inside):
                np.copyto(similarities, -np.inf, where=~inside)
            best.take(np.arange(begin, begin + len(inside)), similarities)
        return best.neighbours()
