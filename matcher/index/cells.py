"""Cells that codes of vectors lie in, on FAISS: only those near to a probe are looked into. The only door to faiss.

An inverted file of 4-bit product codes, 16 bytes for 64 directions, filtered by consent inside the search. A code lies
in the two cells nearest to its vector: near the border between cells, where most vectors of so many directions lie, a
probe's mate is found from either side. Each cell then holds twice as many codes, and less than half as many cells need
to be looked into (so does SPANN with cells on disk: Chen et al., NeurIPS 2021).
"""

from collections.abc import Callable
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers, Vectors

_COPIES = 2
"""In so many cells a code lies, and so many times each of the best of a search may come."""

_LIKELY = 6
"""In so many cells a number is looked for first: its vector is kept in half precision, and others may be as near."""

SAMPLE = 512
"""So many vectors for each cell draw the cells: with a quarter of them, a sixth more cells have to be looked into."""

_ROUNDS = 12
"""Of k-means."""

_SEED = 11

Stop = Callable[[], bool]

_Codes = NDArray[np.uint8]


class StoppedError(Exception):
    """Nobody waits for the cells any more."""


class Cells:
    """Any number of threads may search beside one another; a change is alone."""

    def __init__(self, index: Any) -> None:
        """Use `draw`. index: a FAISS IndexIVFPQFastScan, trained and empty."""
        self._index = index
        self._lists = faiss.downcast_InvertedLists(index.invlists)
        self._packer = index.get_CodePacker()
        self._latest: tuple[Selection | None, Any] = None, None

    @classmethod
    def draw(cls, sample: Vectors, count: int, effort: int, *, stop: Stop) -> Self:
        """So many empty cells, laid among the vectors of a sample.

        sample: (n, width), SAMPLE for each cell; more are not looked at. effort: how many cells a search looks into.
        Raises StoppedError soon after `stop` says so.
        """
        faiss.omp_set_num_threads(1)  # of this thread: the other cores are the service's
        centres = _centres(sample, count, stop)
        width = sample.shape[1]
        quantizer = faiss.IndexFlatL2(width)
        quantizer.add(centres)
        index = faiss.IndexIVFPQFastScan(quantizer, width, count, width // 2, 4, faiss.METRIC_L2)
        index.by_residual = False
        index.implem = 11  # cell by cell, candidates in a reservoir: the quickest for one probe
        index.nprobe = min(effort, count)
        index.pq.cp.min_points_per_centroid = 1
        index.train(sample)
        return cls(index)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """numbers: (n,), none of them in the cells. vectors: (n, width)."""
        codes = self._index.pq.compute_codes(vectors)
        homes = self._nearest(vectors, _COPIES)
        order = np.argsort(homes, axis=None, kind="stable")
        cells, begins = np.unique(homes.ravel()[order], return_index=True)
        # Of no vectors there are no cells, but one part.
        for cell, own in zip(cells.tolist(), np.split(order // homes.shape[1], begins[1:]), strict=False):
            self._append(cell, numbers[own], codes[own])

    def remove(self, number: int, vector: Vectors) -> None:
        """vector: (1, width) about what it was added with. Leaves nothing of it in the cells.

        FAISS's own removal (1.15) goes through all cells, and leaves codes behind that spoil what is added next.
        """
        left = min(_COPIES, self._index.nlist)
        for cell in (*self._nearest(vector, _LIKELY)[0].tolist(), *range(self._index.nlist)):
            left -= self._take_out(cell, number)
            if not left:
                return

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Numbers:
        """(probes, m) numbers of the codes nearest to each probe, in any order, and -1 in any places between them.

        Of as many as that there are k, or as many as the cells looked into hold.
        """
        # FAISS keeps this by thread, and more threads than one make a single query slower.
        faiss.omp_set_num_threads(1)
        found: Numbers = self._index.search(probes, _COPIES * k, params=self._parameters(allowed))[1]
        found.sort(axis=1)  # the copies of one number side by side
        found[:, 1:][found[:, 1:] == found[:, :-1]] = -1
        return found

    def _parameters(self, allowed: Selection) -> Any:
        """FAISS's own. The latest are kept: most searches let through the same as the one before."""
        selection, parameters = self._latest
        if selection is not allowed:
            selector = faiss.IDSelectorBitmap(allowed.bits)  # type: ignore[call-arg,arg-type]  # its wrapper takes it
            parameters = faiss.SearchParametersIVF(nprobe=self._index.nprobe, sel=selector)  # type: ignore[call-arg]
            self._latest = allowed, parameters
        return parameters

    def _nearest(self, vectors: Vectors, count: int) -> Numbers:
        cells: Numbers = self._index.quantizer.search(vectors, min(count, self._index.nlist))[1]
        return cells

    def _append(self, cell: int, numbers: Numbers, codes: _Codes) -> None:
        begin = self._lists.list_size(cell)
        self._lists.resize(cell, begin + len(numbers))
        known, blocks = self._views(cell)
        known[begin:] = numbers
        first, place = divmod(begin, self._packer.nvec)
        plain = np.zeros((len(blocks) - first, self._packer.nvec, self._packer.code_size), dtype=np.uint8)
        if place:
            self._packer.unpack_all(faiss.swig_ptr(blocks[first]), faiss.swig_ptr(plain[0]))
        plain.reshape(-1, self._packer.code_size)[place : place + len(codes)] = codes
        for one, block in zip(plain, blocks[first:], strict=True):
            self._packer.pack_all(faiss.swig_ptr(one), faiss.swig_ptr(block))

    def _take_out(self, cell: int, number: int) -> bool:
        """Puts the cell's last code in the place of this number's; gives whether the number was there."""
        known, blocks = self._views(cell)
        places = np.flatnonzero(known == number)
        if not len(places):
            return False
        last = len(known) - 1
        self._packer.pack_1(self._packer.unpack_1(blocks, last), int(places[0]), blocks)
        self._packer.pack_1(np.zeros(self._packer.code_size, dtype=np.uint8), last, blocks)
        known[places] = known[last]
        self._lists.resize(cell, last)
        return True

    def _views(self, cell: int) -> tuple[Numbers, _Codes]:
        """The cell's numbers, (n,), and codes, (blocks, bytes), as they lie in FAISS's memory until it is resized."""
        count = self._lists.list_size(cell)
        blocks = -(-count // self._packer.nvec)
        numbers: Numbers = faiss.rev_swig_ptr(self._lists.get_ids(cell), count)
        codes: _Codes = faiss.rev_swig_ptr(self._lists.get_codes(cell), blocks * self._packer.block_size)
        return numbers, codes.reshape(blocks, self._packer.block_size)


def _centres(sample: Vectors, count: int, stop: Stop) -> Vectors:
    """(count, d) by k-means, round by round so that it can be stopped."""
    points = {"min_points_per_centroid": 1, "max_points_per_centroid": SAMPLE}
    means = faiss.Kmeans(sample.shape[1], count, niter=1, seed=_SEED, **points)
    means.train(sample)
    for _ in range(1, _ROUNDS):
        if stop():
            raise StoppedError
        means.train(sample, init_centroids=means.centroids)
    return np.asarray(means.centroids, dtype=np.float32)
