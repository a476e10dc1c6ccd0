"""Vectors by reference number: a number is its row, so that nothing needs looking up."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.columns.vectors import Numbers

_LEAST = 1024


class Rows:
    """One writer at a time, and any number of readers beside it, without a lock.

    Growing makes larger arrays and then releases the old ones: a reader goes on with the arrays that it holds. A row
    that is dropped is overwritten. Pages of rows that were never put take no memory.
    """

    def __init__(self, width: int, dtype: DTypeLike, *, capacity: int = _LEAST) -> None:
        """capacity: how many numbers, from 0, fit before it grows."""
        self._vectors: NDArray[Any] = np.zeros((capacity, width), dtype=dtype)
        self._held = np.zeros(capacity, dtype=np.bool_)
        self._count = 0

    def __len__(self) -> int:
        """The count of numbers that have a vector."""
        return self._count

    @property
    def width(self) -> int:
        """The dimension of a vector."""
        return int(self._vectors.shape[1])

    @property
    def vectors(self) -> NDArray[Any]:
        """(capacity, width): a number's vector is the row of that number, and zeros where it has none."""
        return self._vectors

    @property
    def held(self) -> NDArray[np.bool_]:
        """(capacity,) which numbers have a vector; to be taken before `vectors`, which is never the shorter."""
        return self._held

    def numbers(self) -> Numbers:
        """The numbers that have a vector, in ascending order."""
        return np.flatnonzero(self._held)

    def known(self, numbers: Numbers) -> Numbers:
        """Those of the given numbers that have a vector, in ascending order, each once."""
        known = np.unique(numbers[(numbers >= 0) & (numbers < len(self._held))])
        return known[self._held[known]]

    def put(self, numbers: Numbers, vectors: NDArray[Any]) -> None:
        """Sets the vectors (n, width) of n different numbers, each 0 or more."""
        if not len(numbers):
            return
        if numbers.max() >= len(self._held):
            self._grow(int(numbers.max()) + 1)
        self._vectors[numbers] = vectors
        self._count += len(numbers) - int(self._held[numbers].sum())
        self._held[numbers] = True

    def drop(self, numbers: Numbers) -> None:
        """Overwrites the vectors of these numbers; unknown ones are passed over."""
        known = self.known(numbers)
        self._held[known] = False
        self._vectors[known] = 0
        self._count -= len(known)

    def _grow(self, least: int) -> None:
        used, capacity = len(self._held), 2 * least  # what is not used yet takes no memory
        vectors = np.zeros((capacity, self._vectors.shape[1]), dtype=self._vectors.dtype)
        held = np.zeros(capacity, dtype=np.bool_)
        vectors[:used] = self._vectors
        held[:used] = self._held
        self._vectors = vectors
        self._held = held
