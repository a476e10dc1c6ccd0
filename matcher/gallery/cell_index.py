"""The index of a large gallery, on FAISS: look into the likely cells only, and compare the best found there in full.

Vectors lie in cells (an inverted file) as 4-bit product codes of 32 bytes. A search goes over the codes in the cells
nearest to the probe, filtered by consent inside the search, and scores the best again with vectors of half precision.
Cells are drawn after the directions in which pictures of one person differ have been evened out, which lets half as
many cells suffice (within-class covariance normalisation: Hatch, Kajarekar and Stolcke, Interspeech 2006).
Effort and codes are chosen by `python -m benchmarks search`. The only door to faiss.
"""

from collections.abc import Callable
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.gallery.index import DIMENSION, Neighbours, Numbers, Vectors, require_vectors
from matcher.gallery.nearest import nearest
from matcher.gallery.rows import Rows
from matcher.gallery.selection import Selection
from matcher.gallery.shared_lock import SharedLock

_CODES = 64
"""Of 4 bits each in a vector's code."""

_CHUNK = 1 << 14
_SEED = 11

_SAMPLE = 128
"""So many vectors for each cell are enough to draw the cells."""

_ROUNDS = 8
"""Of k-means; more made no difference."""

_ALIKE = 0.5
"""Neighbours by number and of such similarity are taken for pictures of one person, enrolled together."""

_PAIRS = (1_000, 50_000)
"""Such pairs: so few do not tell how pictures of a person differ, and so many tell it well."""

_EFFORT = {True: 1 / 8, False: 1 / 5}
"""Which share of the cells a search looks into, by whether those pairs were there."""

_LEAST_CELLS = 8
_LEAST_CANDIDATES = 100

_FEW = 4096
"""So few vectors let through are all compared: quicker than the cells, and exact."""

Stop = Callable[[], bool]


class StoppedError(Exception):
    """Nobody waits for the index any more."""


class CellIndex:
    """An IndexWriter and a Searcher: searches run beside one another, a change waits for them and they for it."""

    def __init__(self, cells: Any, effort: int) -> None:
        """Use `build`. cells: the FAISS index. effort: how many cells a search looks into."""
        self.rows = Rows(DIMENSION, np.float16)
        self._cells = cells
        self._effort = effort
        self._lock = SharedLock()

    @classmethod
    def build(cls, rows: Rows, numbers: Numbers, *, stop: Stop = lambda: False) -> Self:
        """An index of the rows with these numbers, 16 or more; those that are dropped meanwhile count as zeros.

        Takes about a minute of one core for a million. Raises StoppedError soon after `stop` says so.
        """
        faiss.omp_set_num_threads(1)  # of this thread: the other cores are the service's
        count = max(1, int(2 * np.sqrt(len(numbers))))
        random = np.random.default_rng(_SEED)
        evened = _evened(rows, numbers, random)
        sample = _floats(rows, np.sort(random.permutation(numbers)[: count * _SAMPLE]))
        centres = _centres(sample if evened is None else sample @ evened, count, stop)
        quantizer = faiss.IndexFlatIP(DIMENSION)
        # A vector's product with an evened centre is its evened self's product with the centre.
        quantizer.add(np.ascontiguousarray(centres if evened is None else centres @ evened))
        index = cls(_cells(quantizer, sample), max(_LEAST_CELLS, round(count * _EFFORT[evened is not None])))
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
            self._cells.remove_ids(faiss.IDSelectorBatch(numbers))
            self.rows.drop(numbers)

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Searcher."""
        probes = np.ascontiguousarray(probes, dtype=np.float32)
        with self._lock.reading():
            if len(allowed) <= _FEW or not len(probes):
                return self._compared(probes, np.flatnonzero(allowed.mask(0, allowed.end)), k)
            found = [self._compared(probe, self._candidates(probe, k, allowed), k) for probe in probes[:, None]]
        return Neighbours(
            numbers=np.concatenate([one.numbers for one in found]),
            similarities=np.concatenate([one.similarities for one in found]),
        )

    def _put(self, numbers: Numbers, vectors: Vectors) -> None:
        self.rows.put(numbers, vectors)
        self._cells.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), numbers)

    def _candidates(self, probe: Vectors, k: int, allowed: Selection) -> Numbers:
        # FAISS keeps this by thread, and more threads than one make a single query slower.
        faiss.omp_set_num_threads(1)
        selector = faiss.IDSelectorBitmap(allowed.bits)  # type: ignore[call-arg,arg-type]  # its wrapper takes the array
        parameters = faiss.SearchParametersIVF(nprobe=self._effort, sel=selector)  # type: ignore[call-arg]
        _, numbers = self._cells.search(probe, max(2 * k, _LEAST_CANDIDATES), params=parameters)
        found: Numbers = numbers[0][numbers[0] >= 0]
        return found

    def _compared(self, probes: Vectors, numbers: Numbers, k: int) -> Neighbours:
        numbers = numbers[numbers < len(self.rows.held)]
        numbers = numbers[self.rows.held[numbers]]
        return nearest(numbers, probes @ _floats(self.rows, numbers).T, k)


def _floats(rows: Rows, numbers: Numbers) -> Vectors:
    return rows.vectors[numbers].astype(np.float32)


def _evened(rows: Rows, numbers: Numbers, random: np.random.Generator) -> NDArray[np.float32] | None:
    """The symmetric (d, d) matrix that evens out how pictures of one person differ; None if that is unknown."""
    least, most = _PAIRS
    places = np.sort(random.permutation(len(numbers) - 1)[:most])
    one, other = (_floats(rows, numbers[places + step]) for step in (0, 1))
    apart = (one - other)[(one * other).sum(axis=1) > _ALIKE].astype(np.float64)
    if len(apart) < least:
        return None
    values, axes = np.linalg.eigh(apart.T @ apart / len(apart))
    evened: NDArray[np.float64] = (axes * np.maximum(values, values.max() * 1e-3) ** -0.5) @ axes.T
    return evened.astype(np.float32)


def _centres(sample: Vectors, count: int, stop: Stop) -> Vectors:
    """(count, d) unit vectors, by spherical k-means, round by round so that it can be stopped."""
    sample = np.ascontiguousarray(sample / np.maximum(np.linalg.norm(sample, axis=1, keepdims=True), 1e-12))
    points = {"min_points_per_centroid": 1, "max_points_per_centroid": _SAMPLE}
    means = faiss.Kmeans(DIMENSION, count, niter=1, seed=_SEED, spherical=True, **points)
    means.train(sample)
    for _ in range(1, _ROUNDS):
        if stop():
            raise StoppedError
        means.train(sample, init_centroids=means.centroids)
    return np.asarray(means.centroids, dtype=np.float32)


def _cells(quantizer: Any, sample: Vectors) -> Any:
    """The inverted file, with its codes learnt from the sample."""
    cells = faiss.IndexIVFPQFastScan(quantizer, DIMENSION, quantizer.ntotal, _CODES, 4, faiss.METRIC_INNER_PRODUCT)
    cells.by_residual = False
    cells.implem = 11  # cell by cell, candidates in a reservoir: the quickest for one probe
    cells.pq.cp.min_points_per_centroid = 1
    cells.train(sample)
    return cells
