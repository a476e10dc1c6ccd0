"""Limits how many do some work simultaneously. A waiting coroutine takes no thread."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import ClassVar

from matcher.errors import ClearglassError


class BusyError(ClearglassError):
    """The machine can do no more of this work now. retry_after: seconds until the next try."""

    code: ClassVar[str] = "busy"

    def __init__(self, what: str, *, retry_after: int = 2) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many {what} at this moment.", remedy=f"Wait {self.retry_after} seconds, then try again.")


class Slots:
    """At most `at_once` slots; further requests wait up to `seconds`. Thread-safe. A free slot goes to the holder with
    the fewest slots, and among those to the one that has waited longest, so that many requests of one holder do not
    delay another's. what: the name of the work, in the plural, for people. waiting_each: how many requests of one
    holder may wait; further ones are refused immediately.
    """

    def __init__(self, what: str, *, at_once: int, seconds: float, waiting_each: int = 32) -> None:
        self._what = what
        self.seconds = seconds
        self.waiting_each = waiting_each
        self._lock = threading.Lock()
        self._free = at_once
        self._held: Counter[str] = Counter()
        self._waiting: dict[Future[None], str] = {}

    @contextmanager
    def taken(self, holder: str = "", seconds: float | None = None) -> Iterator[None]:
        """Holds a slot while the block runs; the thread waits. seconds: overrides the usual wait. Raises: BusyError."""
        turn = self._ask(holder)
        with suppress(TimeoutError):
            turn.result(self.seconds if seconds is None else seconds)
        if self._withdrawn(turn):
            raise BusyError(self._what)
        try:
            yield
        finally:
            self._give(holder)

    @asynccontextmanager
    async def entered(self, holder: str = "") -> AsyncIterator[None]:
        """The same for coroutines."""
        turn = self._ask(holder)
        try:
            if not turn.done():
                # Not wait_for: it would cancel the future, also one that is granted in the same moment.
                await asyncio.wait([asyncio.wrap_future(turn)], timeout=self.seconds)
        except asyncio.CancelledError:
            if not self._withdrawn(turn):
                self._give(holder)
            raise
        if self._withdrawn(turn):
            raise BusyError(self._what)
        try:
            yield
        finally:
            self._give(holder)

    def _ask(self, holder: str) -> Future[None]:
        """A future that is done when the holder has a slot."""
        turn: Future[None] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                self._held[holder] += 1
                turn.set_result(None)
            elif sum(one == holder for one in self._waiting.values()) >= self.waiting_each:
                raise BusyError(self._what)
            else:
                self._waiting[turn] = holder
        return turn

    def _withdrawn(self, turn: Future[None]) -> bool:
        """Cancels a waiting request; False if it has a slot."""
        with self._lock:
            return self._waiting.pop(turn, None) is not None

    def _give(self, holder: str) -> None:
        """A freed slot goes to a waiting request directly, so that no other overtakes it; a semaphore could give it to
        its last holder repeatedly."""
        with self._lock:
            turn = min(self._waiting, key=lambda one: self._held[self._waiting[one]], default=None)
            self._held[holder] -= 1  # only now, since it had a slot just before
            if not self._held[holder]:
                del self._held[holder]
            if turn is None:
                self._free += 1
            else:
                self._held[self._waiting.pop(turn)] += 1
                turn.set_result(None)
