"""An inverted file on FAISS: vectors are coded and put into cells, and a search reads only the cells near the probe.

No other module imports faiss. A code is a product code of 4 bits for each pair of directions: 16 bytes for 64
directions. The search itself filters codes by consent. Each code is in the two cells nearest to its vector: in 64
directions most vectors are near a border between cells, and two copies let a search on either side find them. Each cell
then holds twice as many codes, and a search needs fewer than half as many cells (SPANN does the same with cells on
disk: Chen et al., NeurIPS 2021).
"""

from collections.abc import Callable
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers, Vectors

_COPIES = 2
"""The number of cells that hold each code. A search may therefore find each number this many times."""

_LIKELY = 6
"""The number of nearest cells in which a removal looks first. The vector is known in half precision only, so the two
nearest cells may differ from those of the addition."""

SAMPLE = 512
"""The number of vectors for each cell from which k-means computes the cells. With a quarter of them, a search needs a
sixth more cells."""

_ROUNDS = 12
"""The number of rounds of k-means."""

_SEED = 11

Stop = Callable[[], bool]

_Codes = NDArray[np.uint8]


class StoppedError(Exception):
    """`stop` has ended the making of the cells."""


class Cells:
    """Cells of codes. Any number of threads may search simultaneously; during a change no other thread may use them."""

    def __init__(self, index: Any) -> None:
        """Use `draw`. index: a trained and empty FAISS IndexIVFPQFastScan."""
        self._index = index
        self._lists = faiss.downcast_InvertedLists(index.invlists)
        self._packer = index.get_CodePacker()
        self._latest: tuple[Selection | None, Any] = None, None

    @classmethod
    def draw(cls, sample: Vectors, count: int, effort: int, *, stop: Stop) -> Self:
        """Returns `count` empty cells, whose centres k-means computes from a sample of the vectors.

        sample: (n, width), SAMPLE vectors for each cell; further ones are not used. effort: the number of cells that a
        search reads. Raises StoppedError soon after `stop` returns True.
        """
        faiss.omp_set_num_threads(1)  # for this thread: the service needs the other cores
        centres = _centres(sample, count, stop)
        width = sample.shape[1]
        quantizer = faiss.IndexFlatL2(width)
        quantizer.add(centres)
        index = faiss.IndexIVFPQFastScan(quantizer, width, count, width // 2, 4, faiss.METRIC_L2)
        index.by_residual = False
        index.implem = 11  # cell by cell, with a reservoir of results: the fastest for one probe
        index.nprobe = min(effort, count)
        index.pq.cp.min_points_per_centroid = 1
        index.train(sample)
        return cls(index)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """Adds vectors, (n, width), under numbers, (n,), that are not in the cells yet."""
        codes = self._index.pq.compute_codes(vectors)
        homes = self._nearest(vectors, _COPIES)
        order = np.argsort(homes, axis=None, kind="stable")
        cells, begins = np.unique(homes.ravel()[order], return_index=True)
        # Without vectors there are no cells, and np.split returns one empty part: not strict.
        for cell, own in zip(cells.tolist(), np.split(order // homes.shape[1], begins[1:]), strict=False):
            self._append(cell, numbers[own], codes[own])

    def remove(self, number: int, vector: Vectors) -> None:
        """Removes a number and overwrites its codes.

        vector: (1, width), approximately the vector with which the number was added. FAISS's own removal (1.15) reads
        all cells and leaves old codes in place, which corrupt the codes that are added next.
        """
        left = min(_COPIES, self._index.nlist)
        for cell in (*self._nearest(vector, _LIKELY)[0].tolist(), *range(self._index.nlist)):
            left -= self._take_out(cell, number)
            if not left:
                return

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Numbers:
        """Returns (probes, m) numbers of the codes nearest to each probe, in any order, with -1 at any places.

        Each row has at least k different numbers, unless the cells that the search reads hold fewer.
        """
        # FAISS keeps this setting by thread. More than one thread makes a single query slower.
        faiss.omp_set_num_threads(1)
        found: Numbers = self._index.search(probes, _COPIES * k, params=self._parameters(allowed))[1]
        found.sort(axis=1)  # puts the copies of a number next to each other
        found[:, 1:][found[:, 1:] == found[:, :-1]] = -1
        return found

    def _parameters(self, allowed: Selection) -> Any:
        """The parameters of a search for FAISS. The latest are kept, since most searches have the same selection as the
        search before."""
        selection, parameters = self._latest
        if selection is not allowed:
            selector = faiss.IDSelectorBitmap(allowed.bits)  # type: ignore[call-arg,arg-type]  # its wrapper accepts an array
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
        """Moves the cell's last code to the place of this number's code. Returns False if the cell lacks the number."""
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
        """The cell's numbers, (n,), and codes, (blocks, bytes): views of FAISS's memory, valid until it is resized."""
        count = self._lists.list_size(cell)
        blocks = -(-count // self._packer.nvec)
        numbers: Numbers = faiss.rev_swig_ptr(self._lists.get_ids(cell), count)
        codes: _Codes = faiss.rev_swig_ptr(self._lists.get_codes(cell), blocks * self._packer.block_size)
        return numbers, codes.reshape(blocks, self._packer.block_size)


def _centres(sample: Vectors, count: int, stop: Stop) -> Vectors:
    """Returns (count, d) centres by k-means. Each round is a separate call, so that `stop` can end the computation."""
    points = {"min_points_per_centroid": 1, "max_points_per_centroid": SAMPLE}
    means = faiss.Kmeans(sample.shape[1], count, niter=1, seed=_SEED, **points)
    means.train(sample)
    for _ in range(1, _ROUNDS):
        if stop():
            raise StoppedError
        means.train(sample, init_centroids=means.centroids)
    return np.asarray(means.centroids, dtype=np.float32)
