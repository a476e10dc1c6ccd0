"""The index of a large gallery: a search reads only the likely cells, and compares the best vectors in full.

A search compares the probe with short codes in the cells nearest to it, and scores the best again with vectors in half
precision. Cells and codes use the directions that distinguish people (`discriminant.py`), so that a fraction of the
cells suffices. `python -m benchmarks search` measures the time and the missed references.
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
"""The number of references for each cell. To open a cell takes as long as to compare some hundreds of codes, so
that small cells make a search slower. With large cells it must compare more codes to find as many people."""

_EFFORT = 0.63
"""A search reads this number times (number of cells)^(2/3) cells.

With this exponent the share of mated pairs of LFW view 1 that are found among synthetic references does not depend on
the number of cells. Of 1,141 people with one picture each, among a million references, exact search finds 1,125. This
number of cells finds 1,116, a tenth fewer cells 1,114, a tenth more 1,119 (the mean of four sets of cells).
"""

_BLIND_EFFORT = 0.25
"""The share of the cells that a search reads if the index cannot measure how pictures of one person differ.

Of 1,141 people of LFW view 1, among a third of a million people with one picture each, exact search finds 1,128; this
share of the cells finds 1,117.
"""

_FEW = 4096
"""Up to this number of allowed vectors, all are compared: that is faster than the cells, and exact."""

_CHUNK = 1 << 14
_SEED = 11


class CellIndex:
    """An Index. Searches run simultaneously; a change waits for running searches, and later searches wait for it."""

    def __init__(self, cells: Cells, directions: Vectors) -> None:
        """Use `build`. directions: (d, w), the projection of vectors to the cells' space."""
        self.rows = Rows(len(directions), np.float16)
        self._cells = cells
        self._directions = directions
        self._lock = SharedLock()

    @classmethod
    def build(cls, rows: Rows, numbers: Numbers, *, stop: Stop = lambda: False) -> Self:
        """Returns an index of the rows with these numbers, which must be at least 16.

        A row that is dropped meanwhile is indexed as zeros. A million rows take about 10 s of one core. Raises
        StoppedError soon after `stop` returns True.
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
        """Returns the k nearest for each probe. numbers: (probes, m), the numbers to compare with each probe."""
        similarities = (_floats(self.rows, numbers) @ probes[:, :, None])[:, :, 0]
        similarities[numbers < 0] = -np.inf
        return nearest(numbers, similarities, k)

    def _compared(self, probes: Vectors, numbers: Numbers, k: int) -> Neighbours:
        """Returns the k nearest for each probe. numbers: (n,), the numbers to compare with every probe."""
        numbers = numbers[numbers < len(self.rows.held)]
        numbers = numbers[self.rows.held[numbers]]
        return nearest(numbers, probes @ _floats(self.rows, numbers).T, k)


def _floats(rows: Rows, numbers: Numbers) -> Vectors:
    vectors = rows.vectors.take(numbers, axis=0)
    return _widened(vectors) if vectors.itemsize == 2 else vectors


def _widened(halves: NDArray[np.float16]) -> Vectors:
    """Returns the same finite numbers in single precision. NumPy converts them one by one: three times as slow.

    Sign, exponent and fraction are shifted from their bits in IEEE 754's half precision to those in single precision.
    The product corrects the exponent, whose bias is 15 in half and 127 in single precision.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 23 - 10
    bits &= ~0x70000000  # copies of the sign
    widened = bits.view(np.float32)
    widened *= np.float32(2.0 ** (127 - 15))
    return widened
