"""The index that looks at everything: a blocked matrix product, for as long as that is fast enough."""

import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import DIMENSION, Numbers, Vectors
from matcher.index.index import Neighbours, require_vectors
from matcher.index.nearest import Best

_BLOCK = 1 << 14
"""Rows of one product: their scores against a batch of probes stay in the cache."""

_FEW = 1 / 8
"""Of a block: so few rows are sooner picked out first than all compared."""


class ExactIndex:
    """An Index. Searches run beside one another and beside one change, without a lock."""

    def __init__(self, rows: Rows | None = None) -> None:
        """rows: what it starts with, and goes on to use; None is nothing."""
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
        # One array for all blocks: new memory would take longer to come than to be gone over.
        scores = np.empty((len(probes), _BLOCK), dtype=np.float32)
        for begin in range(0, end, _BLOCK):
            block, inside = vectors[begin : begin + _BLOCK], held[begin : begin + _BLOCK]
            inside = inside & allowed.mask(begin, begin + len(inside))
            places = np.flatnonzero(inside)
            if len(places) < len(block) * _FEW:
                best.take(begin + places, probes @ block[places].T)
                continue
            # In this order: where OpenBLAS does without AVX-512, two to eight probes take twice as long the other way.
            similarities = np.matmul(probes, block[: len(inside)].T, out=scores[:, : len(inside)])
            if len(places) < len(inside):
                np.copyto(similarities, -np.inf, where=~inside)
            best.take(np.arange(begin, begin + len(inside)), similarities)
        return best.neighbours()
