"""A lock that many may hold to read, or one to change."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_READERS = 16


class SharedLock:
    """Not to be taken again by who holds it. A change that waits lets no new reader in before it."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._places = threading.Semaphore(_READERS)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Nothing changes meanwhile."""
        with self._gate:
            self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody reads or changes meanwhile."""
        with self._gate:
            for _ in range(_READERS):
                self._places.acquire()
            try:
                yield
            finally:
                self._places.release(_READERS)
