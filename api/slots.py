"""Work that only so many may do at once. Who would wait long is sent away, so that waiting fills no thread pool."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from matcher.errors import ClearglassError


class BusyError(ClearglassError):
    """As many do this already as the machine can take. retry_after: seconds until that may be otherwise."""

    code: ClassVar[str] = "busy"

    def __init__(self, what: str, *, retry_after: int = 2) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many {what} at this moment.", remedy=f"Wait {self.retry_after} seconds, then try again.")


class Slots:
    """At most `at_once` of something at once; further ones wait up to `seconds`. Thread-safe.

    what: of what, in the plural, for people.
    """

    def __init__(self, what: str, *, at_once: int, seconds: float) -> None:
        self._what = what
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(at_once)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Holds a slot while the block runs. Raises: BusyError."""
        if not self._free.acquire(timeout=self._seconds):
            raise BusyError(self._what)
        try:
            yield
        finally:
            self._free.release()
