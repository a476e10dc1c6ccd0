"""Work that only a few may do at once. A coroutine that waits for its turn takes no thread meanwhile."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
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

    A slot that gets free goes to the holder who has fewest, and among those to the one who has waited longest: many
    requests of one holder do not keep another waiting. what: of what, in the plural, for people. waiting_each: how many
    of one holder may wait; further ones are sent away at once.
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
        """Holds a slot while the block runs; the thread waits. seconds: if others than usual. Raises: BusyError."""
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
        """A turn, which is done when a slot is the holder's."""
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
        """Takes a turn back that has not come; False if it has."""
        with self._lock:
            return self._waiting.pop(turn, None) is not None

    def _give(self, holder: str) -> None:
        """No slot is free while anybody waits, so nobody overtakes them; a semaphore would give it to the one who has
        just let it go, as often as that one asks."""
        with self._lock:
            turn = min(self._waiting, key=lambda one: self._held[self._waiting[one]], default=None)
            self._held[holder] -= 1  # only now: it had its turn just before
            if not self._held[holder]:
                del self._held[holder]
            if turn is None:
                self._free += 1
            else:
                self._held[self._waiting.pop(turn)] += 1
                turn.set_result(None)
