"""The index of a large gallery: look into the likely cells only, and compare the best found there in full.

A search goes over short codes in the cells nearest to the probe, and scores the best again with vectors of half
precision. Cells and codes are made in the directions that tell people apart (`discriminant.py`), which lets a fraction
of the cells suffice. What that costs and whom it misses is shown by `python -m benchmarks search`.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers, Vectors
from matcher.index.cells import SAMPLE, Cells, Stop, StoppedError
from matcher.index.discriminant import discriminant
from matcher.index.index import Neighbours, require_vectors
from matcher.index.nearest import nearest
from matcher.index.shared_lock import SharedLock

_CELL = 1_400
"""References for each cell. To open a cell costs as much as to go over some hundreds of codes, so that many small ones
take longer; of few large ones, more has to be gone over to find as many people."""

_EFFORT = 0.63
"""How many cells a search looks into, times their number to the power of two thirds.

By that power, real mated pairs of LFW view 1 among drawn references are found as surely in many cells as in few. Of
1,141 people with one picture there, exact search brings 1,125 among a million, and these cells 1,116, in the mean of
four drawings of them; a tenth fewer of them bring 1,114 and a tenth more 1,119.
"""

_BLIND_EFFORT = 0.25
"""Which share of the cells it looks into where nothing is known of how pictures of a person differ.

Of 1,141 people of LFW view 1 among a third of a million with one picture each, exact search brings 1,128, this 1,117.
"""

_FEW = 4096
"""So few vectors let through are all compared: quicker than the cells, and exact."""

_CHUNK = 1 << 14
_SEED = 11


class CellIndex:
    """An Index: searches run beside one another, a change waits for them and they for it."""

    def __init__(self, cells: Cells, directions: Vectors) -> None:
        """Use `build`. directions: (d, w), those of the cells."""
        self.rows = Rows(len(directions), np.float16)
        self._cells = cells
        self._directions = directions
        self._lock = SharedLock()

    @classmethod
    def build(cls, rows: Rows, numbers: Numbers, *, stop: Stop = lambda: False) -> Self:
        """An index of the rows with these numbers, 16 or more; those that are dropped meanwhile count as zeros.

        Takes about ten seconds of one core for a million. Raises StoppedError soon after `stop` says so.
        """
        count = max(1, len(numbers) // _CELL)
        random = np.random.default_rng(_SEED)
        directions = discriminant(rows, numbers, random)
        effort = _BLIND_EFFORT * count if directions is None else _EFFORT * count ** (2 / 3)
        if directions is None:
            directions = np.eye(rows.width, dtype=np.float32)
        sample = _floats(rows, np.sort(random.permutation(numbers)[: count * SAMPLE])) @ directions
        index = cls(Cells.draw(sample, count, int(np.ceil(effort)), stop=stop), directions)
        for begin in range(0, len(numbers), _CHUNK):
            if stop():
                raise StoppedError
            chunk = numbers[begin : begin + _CHUNK]
            index._put(chunk, _floats(rows, chunk))
        return index

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """See Index."""
        require_vectors(numbers, vectors, self.rows.width)
        with self._lock.changing():
            self._take_out(numbers)
            self._put(numbers, vectors)

    def remove(self, numbers: Numbers) -> None:
        """See Index."""
        with self._lock.changing():
            self._take_out(numbers)
            self.rows.drop(numbers)

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Index."""
        with self._lock.reading():
            if len(allowed) <= _FEW:
                return self._compared(probes, np.flatnonzero(allowed.mask(0, allowed.end)), k)
            return self._scored(probes, self._cells.search(probes @ self._directions, k, allowed=allowed), k)

    def _put(self, numbers: Numbers, vectors: Vectors) -> None:
        self.rows.put(numbers, vectors)
        self._cells.add(numbers, vectors @ self._directions)

    def _take_out(self, numbers: Numbers) -> None:
        for number in self.rows.known(numbers).tolist():
            self._cells.remove(number, _floats(self.rows, np.array([number])) @ self._directions)

    def _scored(self, probes: Vectors, numbers: Numbers, k: int) -> Neighbours:
        """The k nearest of each probe's own numbers."""
        similarities = (_floats(self.rows, numbers) @ probes[:, :, None])[:, :, 0]
        similarities[numbers < 0] = -np.inf
        return nearest(numbers, similarities, k)

    def _compared(self, probes: Vectors, numbers: Numbers, k: int) -> Neighbours:
        """The k nearest of these numbers, the same for all probes."""
        numbers = numbers[numbers < len(self.rows.held)]
        numbers = numbers[self.rows.held[numbers]]
        return nearest(numbers, probes @ _floats(self.rows, numbers).T, k)


def _floats(rows: Rows, numbers: Numbers) -> Vectors:
    vectors = rows.vectors.take(numbers, axis=0)
    return _widened(vectors) if vectors.itemsize == 2 else vectors


def _widened(halves: NDArray[np.float16]) -> Vectors:
    """The same finite numbers in single precision. NumPy widens them one by one, which takes three times as long.

    Of IEEE 754's two formats, sign, exponent and fraction are put from the places of one into those of the other; the
    exponents count from 15 and from 127.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 23 - 10
    bits &= ~0x70000000  # copies of the sign
    widened = bits.view(np.float32)
    widened *= np.float32(2.0 ** (127 - 15))
    return widened
