"""The index on FAISS: exact inner product over unit vectors, filtered inside the search. The only door to faiss."""

import threading
from collections.abc import Sequence

import faiss
import numpy as np

from matcher.gallery.index import Neighbours, Vectors
from matcher.gallery.selection import Selection

DIMENSION = 128


class FaissIndex:
    """An IndexWriter and a Searcher. One lock: FAISS's flat index may not change while it is searched."""

    def __init__(self) -> None:
        # More threads than one make a single query slower (61 to 110 ms on two, 32 to 38 ms on one, a million vectors).
        faiss.omp_set_num_threads(1)
        self._lock = threading.Lock()
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))

    def __len__(self) -> int:
        with self._lock:
            return int(self._index.ntotal)

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """See IndexWriter."""
        if vectors.shape != (len(numbers), DIMENSION):
            raise ValueError(f"{len(numbers)} numbers for vectors of shape {vectors.shape}")
        ids = np.asarray(numbers, dtype=np.int64)
        if not len(ids):
            return
        with self._lock:
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, numbers: Sequence[int]) -> None:
        """See IndexWriter."""
        ids = np.asarray(numbers, dtype=np.int64)
        if not len(ids):
            return
        with self._lock:
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Searcher."""
        if not len(allowed) or not len(probes):
            shape = (len(probes), k)
            return Neighbours(
                numbers=np.full(shape, -1, dtype=np.int64),
                similarities=np.full(shape, -np.inf, dtype=np.float32),
            )
        parameters = faiss.SearchParameters()
        selector = faiss.IDSelectorBitmap(allowed.bits)  # type: ignore[call-arg,arg-type]  # its Python wrapper takes the array
        parameters.sel = selector
        queries = np.ascontiguousarray(probes, dtype=np.float32)
        with self._lock:
            similarities, numbers = self._index.search(queries, k, params=parameters)
        return Neighbours(numbers=numbers, similarities=similarities)
