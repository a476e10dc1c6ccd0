"""Work that only so many may do at once. Who would wait long is sent away, so that waiting fills no thread pool."""

import threading
from collections import deque
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
    """At most `at_once` of something at once; further ones wait up to `seconds`, in the order of asking. Thread-safe.

    what: of what, in the plural, for people.
    """

    def __init__(self, what: str, *, at_once: int, seconds: float) -> None:
        self._what = what
        self._seconds = seconds
        self._lock = threading.Lock()
        self._free = at_once
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def taken(self, seconds: float | None = None) -> Iterator[None]:
        """Holds a slot while the block runs. seconds: to wait, if others than usual. Raises: BusyError."""
        if not self._take(self._seconds if seconds is None else seconds):
            raise BusyError(self._what)
        try:
            yield
        finally:
            self._give()

    def _take(self, seconds: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait(seconds)
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
            return turn.is_set()

    def _give(self) -> None:
        """To the one who has waited longest. No slot is free while anybody waits, so nobody overtakes them; a semaphore
        would give it to the thread that has just let it go, as often as that asks."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
