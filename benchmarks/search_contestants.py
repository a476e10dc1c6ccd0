"""Ways to search a gallery, each behind the same three calls."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedding_model import Floats

Whole = NDArray[np.int64]
BLOCK = 1 << 16
"""Rows of a blocked product: their scores against a batch of probes stay in the cache."""


class Contestant(Protocol):
    """Holds (n, d) float32 vectors of length 1 under their places. One thread at a time."""

    @property
    def bytes(self) -> int:
        """What it holds in memory for its vectors and their links."""
        ...

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """(probes, k) places of the nearest among those the mask lets through, -1 where there are fewer."""
        ...


class Product:
    """NumPy: one matrix product a block, then the best of all blocks."""

    def __init__(self, vectors: Floats) -> None:
        self._vectors = vectors

    @property
    def bytes(self) -> int:
        """See Contestant."""
        return self._vectors.nbytes

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """See Contestant."""
        rows = None if mask is None else np.flatnonzero(mask)
        vectors = self._vectors if rows is None else self._vectors[rows]
        if not len(vectors):
            return np.full((len(probes), k), -1, dtype=np.int64)
        scores: list[Floats] = []
        places: list[Whole] = []
        for begin in range(0, len(vectors), BLOCK):
            block = probes @ vectors[begin : begin + BLOCK].T
            best = _best(block, k)
            scores.append(np.take_along_axis(block, best, axis=1))
            places.append(best + begin)
        best = _best(np.hstack(scores), k)
        found = np.take_along_axis(np.hstack(places), best, axis=1)
        named = found if rows is None else rows[found]
        return np.pad(named, ((0, 0), (0, k - named.shape[1])), constant_values=-1)


class Faiss:
    """One of FAISS's indexes. effort: how far a single search looks, in the index's own unit."""

    def __init__(self, index: Any, parameters: Callable[..., Any], size: int, **effort: int) -> None:
        self._index = index
        self._parameters = parameters
        self._effort = effort
        self.bytes = size

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """See Contestant."""
        import faiss

        parameters = self._parameters(**self._effort)
        if mask is not None:
            bits = np.packbits(mask, bitorder="little")
            parameters.sel = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]
        found: Whole = self._index.search(probes, k, params=parameters)[1]
        return found


def _flat(vectors: Floats) -> Contestant:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return Faiss(index, faiss.SearchParameters, vectors.nbytes)


def _inverted(vectors: Floats, *, nprobe: int) -> Contestant:
    """Half-precision vectors in about 4 √n cells, of which `nprobe` are looked into."""
    import faiss

    dimension, cells = vectors.shape[1], max(1, int(4 * np.sqrt(len(vectors))))
    half = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, cells, half, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.spherical = True
    index.cp.niter, index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 10, 1, 64
    index.train(vectors)
    index.add(vectors)
    return Faiss(index, faiss.SearchParametersIVF, vectors.nbytes // 2 + 8 * len(vectors), nprobe=nprobe)


def _graph(vectors: Floats, *, ef: int) -> Contestant:
    """A hierarchical navigable small world of half-precision vectors, 32 links each."""
    import faiss

    links = 32
    half = faiss.ScalarQuantizer.QT_fp16
    # FAISS's stubs know of neither this constructor nor these parameters.
    index = faiss.IndexHNSWSQ(vectors.shape[1], half, links, faiss.METRIC_INNER_PRODUCT)  # type: ignore[arg-type]
    index.hnsw.efConstruction = 64
    index.train(vectors[:1000])
    index.add(vectors)
    parameters = faiss.SearchParametersHNSW  # type: ignore[attr-defined]
    return Faiss(index, parameters, vectors.nbytes // 2 + 2 * links * 4 * len(vectors), efSearch=ef)


CONTESTANTS: Mapping[str, Callable[[Floats], Contestant]] = {
    "FAISS Flat": _flat,
    "NumPy, blocked product": Product,
    "FAISS IVF fp16, 32 cells": lambda vectors: _inverted(vectors, nprobe=32),
    "FAISS IVF fp16, 256 cells": lambda vectors: _inverted(vectors, nprobe=256),
    "FAISS HNSW fp16, ef 64": lambda vectors: _graph(vectors, ef=64),
}
"""The first is what the others are held against."""


def threads(count: int) -> None:
    """How many threads FAISS builds and searches with, in the whole process."""
    import faiss

    faiss.omp_set_num_threads(count)


def _best(scores: Floats, k: int) -> Whole:
    """(n, min(k, columns)) columns of the greatest scores of each row, the greatest first."""
    if scores.shape[1] > k:
        best = np.argpartition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    else:
        best = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)
