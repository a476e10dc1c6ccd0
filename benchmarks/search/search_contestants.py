"""Indexes over a gallery, each with the same three calls."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.embedding_model import Floats
from matcher.columns.selection import Selection
from matcher.index.exact_index import ExactIndex
from matcher.index.index import Index

Whole = NDArray[np.int64]


class Contestant(Protocol):
    """Holds (n, d) float32 vectors of length 1 under their places. One thread at a time."""

    @property
    def bytes(self) -> int:
        """What it holds in memory for its vectors and their links."""
        ...

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """(probes, k) places of the nearest among those the mask lets through, -1 where there are fewer."""
        ...


class Own:
    """One of this project's indexes."""

    def __init__(self, index: Index, size: int) -> None:
        self.index = index
        self.bytes = size
        self._everything = Selection.of(range(len(index)))

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """See Contestant."""
        allowed = self._everything
        if mask is not None:
            allowed = Selection(np.packbits(mask, bitorder="little"), int(mask.sum()))
        return self.index.search(probes, k, allowed=allowed).numbers


class Faiss:
    """One of FAISS's indexes. effort: the index's own search parameter, such as nprobe."""

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


def _exact(vectors: Floats) -> Own:
    index = ExactIndex()
    index.add(np.arange(len(vectors)), vectors)
    return Own(index, vectors.nbytes)


def _cells(vectors: Floats) -> Own:
    """Drawn from an exact index. A vector has 16 bytes of code and 8 of number, twice, and itself in half precision."""
    from matcher.index.cell_index import CellIndex

    rows = _exact(vectors).index.rows
    index = CellIndex.build(rows, rows.numbers())
    return Own(index, (2 * (16 + 8) + 2 * vectors.shape[1]) * len(vectors))


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


class Usearch:
    """USearch's graph of half-precision vectors. It has no filter: excluded references are dropped afterwards."""

    def __init__(self, vectors: Floats, *, expansion: int) -> None:
        from usearch.index import Index

        self._index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16", expansion_search=expansion)
        self._index.add(np.arange(len(vectors)), vectors, threads=2)
        self.bytes = int(self._index.memory_usage)

    def search(self, probes: Floats, k: int, mask: NDArray[np.bool_] | None) -> Whole:
        """See Contestant."""
        found = self._index.search(probes, k, threads=1)
        places = np.asarray(found.keys, dtype=np.int64).reshape(len(probes), -1)
        return places if mask is None else np.where(mask[places], places, -1)


FLAT = "FAISS Flat"
EXACT = "Clearglass, everything"
CELLS = "Clearglass, cells"

CONTESTANTS: Mapping[str, Callable[[Floats], Contestant]] = {
    FLAT: _flat,
    EXACT: _exact,
    CELLS: _cells,
    "FAISS IVF fp16, 32 cells": lambda vectors: _inverted(vectors, nprobe=32),
    "FAISS IVF fp16, 256 cells": lambda vectors: _inverted(vectors, nprobe=256),
    "FAISS HNSW fp16, ef 64": lambda vectors: _graph(vectors, ef=64),
    "USearch HNSW fp16, ef 64": lambda vectors: Usearch(vectors, expansion=64),
}
"""The contestants; the first is the reference."""

OWN: Mapping[str, Callable[[Floats], Contestant]] = {EXACT: _exact, CELLS: _cells}
"""For galleries of which not all the others fit into memory side by side."""


def threads(count: int) -> None:
    """How many threads libraries that are loaded build and search with: FAISS's, and NumPy's products."""
    import faiss  # noqa: F401 - so that it is loaded
    from threadpoolctl import threadpool_limits

    threadpool_limits(count)
