"""The index of a large gallery, on FAISS: look into the likely cells only, and compare the best found there in full.

Vectors lie in cells (an inverted file) as 4-bit product codes, 16 bytes each. A search goes over the codes in the cells
nearest to the probe, filtered by consent inside the search, and scores the best again with vectors of half precision.
Cells and codes are made in the directions that tell people apart (`discriminant.py`), which lets a fraction of the
cells suffice. What that costs and whom it misses is shown by `python -m benchmarks search`. The only door to faiss.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Self

import faiss
import numpy as np

from matcher.gallery.discriminant import discriminant
from matcher.gallery.index import DIMENSION, Neighbours, Numbers, Vectors, require_vectors
from matcher.gallery.nearest import nearest
from matcher.gallery.rows import Rows
from matcher.gallery.selection import Selection
from matcher.gallery.shared_lock import SharedLock

_CELL = 2_000
"""References of a cell, in the mean: to open a cell costs as much as to go over some hundreds."""

_EFFORT = 1.33
"""How many cells a search looks into, times their number to the power of two thirds.

By that power, real mated pairs of LFW view 1 among drawn references are found as surely in many cells as in few. Of
1,165 people with one picture there, exact search brings 1,148 among a million, these cells 1,135, a quarter more of
them 1,140; before landmarks were found anew that quarter more brought 1,132.
"""

_BLIND_EFFORT = 0.5
"""Which share of the cells it looks into where nothing is known of how pictures of a person differ."""

_CANDIDATES = 2
"""So many times more than were asked for are scored again. With three times as many, one more of 1,852 real mated pairs
of LFW view 1 is found among a million, and a search takes a tenth longer."""

_FEW = 4096
"""So few vectors let through are all compared: quicker than the cells, and exact."""

_LIKELY = 4
"""In so many cells a number is looked for first: its vector is kept in half precision, and may be nearer to another."""

_CHUNK = 1 << 14
_SEED = 11

_SAMPLE = 512
"""So many vectors for each cell draw the cells: with a quarter of them, a sixth more cells have to be looked into."""

_ROUNDS = 12
"""Of k-means."""

Stop = Callable[[], bool]


class StoppedError(Exception):
    """Nobody waits for the index any more."""


class CellIndex:
    """An IndexWriter and a Searcher: searches run beside one another, a change waits for them and they for it."""

    def __init__(self, cells: Any, effort: int, directions: Vectors) -> None:
        """Use `build`. cells: the FAISS index. effort: how many it looks into. directions: (128, d), those of cells."""
        self.rows = Rows(DIMENSION, np.float16)
        self._cells = cells
        self._effort = effort
        self._directions = directions
        self._lock = SharedLock()

    @classmethod
    def build(cls, rows: Rows, numbers: Numbers, *, stop: Stop = lambda: False) -> Self:
        """An index of the rows with these numbers, 16 or more; those that are dropped meanwhile count as zeros.

        Takes about a quarter of a minute of one core for a million. Raises StoppedError soon after `stop` says so.
        """
        faiss.omp_set_num_threads(1)  # of this thread: the other cores are the service's
        count = max(1, len(numbers) // _CELL)
        random = np.random.default_rng(_SEED)
        directions = discriminant(rows, numbers, random)
        effort = _BLIND_EFFORT * count if directions is None else min(_EFFORT * count ** (2 / 3), count)
        if directions is None:
            directions = np.eye(DIMENSION, dtype=np.float32)
        sample = _floats(rows, np.sort(random.permutation(numbers)[: count * _SAMPLE])) @ directions
        index = cls(_cells(_centres(sample, count, stop), sample), int(np.ceil(effort)), directions)
        for begin in range(0, len(numbers), _CHUNK):
            if stop():
                raise StoppedError
            chunk = numbers[begin : begin + _CHUNK]
            index._put(chunk, _floats(rows, chunk))
        return index

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """See IndexWriter."""
        require_vectors(numbers, vectors)
        with self._lock.changing():
            self._put(numbers, vectors)

    def remove(self, numbers: Numbers) -> None:
        """See IndexWriter."""
        with self._lock.changing():
            for number in self.rows.known(numbers).tolist():
                self._take_out(number)
            self.rows.drop(numbers)

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Searcher."""
        with self._lock.reading():
            if len(allowed) <= _FEW:
                return self._compared(probes, np.flatnonzero(allowed.mask(0, allowed.end)), k)
            return self._scored(probes, self._candidates(probes, k, allowed), k)

    def _put(self, numbers: Numbers, vectors: Vectors) -> None:
        self.rows.put(numbers, vectors)
        self._cells.add_with_ids(vectors @ self._directions, numbers)

    def _take_out(self, number: int) -> None:
        """Takes one code out, leaving nothing of it in its cell.

        FAISS's own removal (1.15) goes through all cells, and leaves codes behind that spoil what is added next.
        """
        vector = _floats(self.rows, np.array([number])) @ self._directions
        likely = self._cells.quantizer.search(vector, min(_LIKELY, self._cells.nlist))[1][0].tolist()
        for cell in (*likely, *range(self._cells.nlist)):
            if _taken_out(self._cells, cell, number):
                return

    def _candidates(self, probes: Vectors, k: int, allowed: Selection) -> Numbers:
        """(probes, some times k) numbers, -1 where there are fewer."""
        # FAISS keeps this by thread, and more threads than one make a single query slower.
        faiss.omp_set_num_threads(1)
        selector = faiss.IDSelectorBitmap(allowed.bits)  # type: ignore[call-arg,arg-type]  # its wrapper takes the array
        parameters = faiss.SearchParametersIVF(nprobe=self._effort, sel=selector)  # type: ignore[call-arg]
        found: Numbers = self._cells.search(probes @ self._directions, _CANDIDATES * k, params=parameters)[1]
        return found

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
    # NumPy widens half precision number by number, which takes twice as long as to look each one up.
    widened: Vectors = _every_half().take(vectors.view(np.uint16), mode="clip") if vectors.itemsize == 2 else vectors
    return widened


@cache
def _every_half() -> Vectors:
    """(65536,) what each half-precision number is, by its bits."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def _centres(sample: Vectors, count: int, stop: Stop) -> Vectors:
    """(count, d) by k-means, round by round so that it can be stopped."""
    points = {"min_points_per_centroid": 1, "max_points_per_centroid": _SAMPLE}
    means = faiss.Kmeans(sample.shape[1], count, niter=1, seed=_SEED, **points)
    means.train(sample)
    for _ in range(1, _ROUNDS):
        if stop():
            raise StoppedError
        means.train(sample, init_centroids=means.centroids)
    return np.asarray(means.centroids, dtype=np.float32)


def _cells(centres: Vectors, sample: Vectors) -> Any:
    """The inverted file, with its codes learnt from the sample: 4 bits for each two directions."""
    count, width = centres.shape
    quantizer = faiss.IndexFlatL2(width)
    quantizer.add(centres)
    cells = faiss.IndexIVFPQFastScan(quantizer, width, count, width // 2, 4, faiss.METRIC_L2)
    cells.by_residual = False
    cells.implem = 11  # cell by cell, candidates in a reservoir: the quickest for one probe
    cells.pq.cp.min_points_per_centroid = 1
    cells.train(sample)
    return cells


def _taken_out(cells: Any, cell: int, number: int) -> bool:
    """Puts the cell's last code in the place of this number's; gives whether the number was there."""
    lists, packer = faiss.downcast_InvertedLists(cells.invlists), cells.get_CodePacker()
    last = lists.list_size(cell) - 1
    numbers = faiss.rev_swig_ptr(lists.get_ids(cell), last + 1)
    places = np.flatnonzero(numbers == number)
    if not len(places):
        return False
    blocks = last // packer.nvec + 1
    codes = faiss.rev_swig_ptr(lists.get_codes(cell), blocks * packer.block_size).reshape(blocks, packer.block_size)
    packer.pack_1(packer.unpack_1(codes, last), int(places[0]), codes)
    packer.pack_1(np.zeros(packer.code_size, dtype=np.uint8), last, codes)  # what FAISS adds is or-ed into the rest
    numbers[places] = numbers[last]
    lists.resize(cell, last)
    cells.ntotal -= 1
    return True
