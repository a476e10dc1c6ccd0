"""A lock that any number of threads may hold to read, or one to change."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLock:
    """A thread that holds it may not take it again. A change that waits lets no new reader in before it."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        """Held by a change, from when it begins to wait."""
        self._empty = threading.Condition()
        self._readers = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Nothing changes meanwhile."""
        with self._gate, self._empty:
            self._readers += 1
        try:
            yield
        finally:
            with self._empty:
                self._readers -= 1
                self._empty.notify()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """No other thread reads or changes meanwhile."""
        with self._gate, self._empty:
            self._empty.wait_for(lambda: not self._readers)
            yield
