"""The index of a gallery of any size: exact while that is fast, then in cells, which are rebuilt as it grows."""

import logging
import threading

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers, Vectors
from matcher.index.exact_index import ExactIndex
from matcher.index.index import Index, Neighbours

EXACT_MOST = 50_000
"""Up to this number of references all are compared: a query takes 1 to 3 ms of one core."""

_GROWTH = 4
"""The cells are rebuilt when the gallery has become this many times as large."""

_LOG = logging.getLogger(__name__)

_Change = tuple[Numbers, Vectors | None]
"""Numbers and their new vectors; None if they were removed."""


class GrowingIndex:
    """An Index that any number of threads may use; the owner closes it.

    A thread builds the next index from the vectors that exist when it begins. Meanwhile the present index answers and
    applies every change. Then the next index applies these changes too, and replaces the present one.
    """

    def __init__(self, *, exact_most: int = EXACT_MOST) -> None:
        self._lock = threading.Lock()
        self._index: Index = ExactIndex()
        self._most = exact_most
        self._since: list[_Change] = []
        self._builder: threading.Thread | None = None
        self._closing = threading.Event()

    def __len__(self) -> int:
        return len(self._index)

    @property
    def exact(self) -> bool:
        """Whether a search compares everything."""
        return isinstance(self._index, ExactIndex)

    @property
    def rows(self) -> Rows:
        """The vectors it holds."""
        return self._index.rows

    def start(self, rows: Rows) -> None:
        """Has the vectors of these rows at once, without a copy. To be called before anything else changes it.

        Both go on to use them: who hands them in puts and drops there what is added and removed here.
        """
        with self._lock:
            self._index = ExactIndex(rows)
            self._grow()

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """See Index."""
        with self._lock:
            self._index.add(numbers, vectors)
            self._changed(numbers, vectors)

    def remove(self, numbers: Numbers) -> None:
        """See Index."""
        with self._lock:
            self._index.remove(numbers)
            self._changed(numbers, None)

    def search(self, probes: Vectors, k: int, *, allowed: Selection) -> Neighbours:
        """See Index."""
        return self._index.search(probes, k, allowed=allowed)

    def settle(self, timeout: float | None = None) -> None:
        """Waits until the next index is built, if one is, for at most `timeout` seconds."""
        builder = self._builder
        if builder is not None:
            builder.join(timeout)

    def close(self) -> None:
        """Ends the building of the next index. Safe to call twice."""
        self._closing.set()
        self.settle()

    def _changed(self, numbers: Numbers, vectors: Vectors | None) -> None:
        if self._builder is not None:
            self._since.append((numbers, vectors))
        else:
            self._grow()

    def _grow(self) -> None:
        if len(self._index) > self._most and not self._closing.is_set():
            rows = self._index.rows
            self._builder = threading.Thread(
                target=self._build, args=(rows, rows.numbers()), name="index-builder", daemon=True
            )
            self._builder.start()

    def _build(self, rows: Rows, numbers: Numbers) -> None:
        from matcher.index.cell_index import CellIndex
        from matcher.index.cells import StoppedError

        built: CellIndex | None = None
        try:
            built = CellIndex.build(rows, numbers, stop=self._closing.is_set)
        except StoppedError:
            return
        except Exception:  # noqa: BLE001 - whatever it was, the present index goes on
            _LOG.exception("The index of %d references could not be built; searches go on as before.", len(numbers))
        with self._lock:
            try:
                if built is not None:
                    self._follow(built)
                    self._index = built
            finally:
                self._since.clear()
                self._most = _GROWTH * len(numbers)
                self._builder = None

    def _follow(self, built: Index) -> None:
        """Does to the new index what was done to the present one since."""
        for changed, vectors in self._since:
            if vectors is None:
                built.remove(changed)
            else:
                built.add(changed, vectors)
