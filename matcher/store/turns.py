"""A lock that is given in the order it was asked for: under load Python's own lets some wait for ever.

Who waits with an errand need not come to the turn at all: whoever has it may take the errands that wait first in the
queue and do them along with his own (group commit, searches in rounds).
"""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

from matcher.errors import ClearglassError
from matcher.store.errors import StoreBusyError

T = TypeVar("T")


def _shut() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Errand(Generic[T]):
    """A place in the queue whose work another may do. Its place is changed under the queue's mutex, until it is called.

    What the work gave, or the error it raised, is there for its owner after the call.
    """

    shareable: bool = True
    taken: bool = False
    """By somebody who had the turn: he does the work, then calls."""

    _values: list[T] = field(default_factory=list, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _called: bool = field(default=False, init=False)
    _gate: Lock = field(default_factory=_shut, init=False)
    """Shut until the call. A bare lock: an Event costs more than the shortest work done under a turn."""

    def wait(self, timeout: float = -1) -> bool:
        """Until it is called, at most `timeout` seconds; whether it was. For one thread; again gives the same."""
        if not self._called:
            self._gate.acquire(timeout=timeout)
        return self._called

    def call(self) -> None:
        """Ends the waiting: the turn has come, or the work is done."""
        self._called = True
        self._gate.release()

    def give(self, value: T) -> None:
        """What the work gave; it stands unless what is done along with it fails."""
        self._values.append(value)

    def refuse(self, error: BaseException) -> None:
        """The work's own error, and no other's."""
        self._error = error

    def fail(self, error: BaseException) -> None:
        """All that was done together failed: whatever the work gave does not stand, but an error of its own does."""
        self._values.clear()
        if self._error is not None:
            return
        # Each owner raises one of his own: an exception carries the traceback of one thread.
        if isinstance(error, ClearglassError):
            self._error = type(error)(error.message, remedy=error.remedy)
        else:
            self._error = StoreBusyError("The work under way was broken off.", remedy="Try again in a moment.")
        self._error.__cause__ = error

    def result(self) -> T:
        """What the work gave; or raises its error."""
        if self._error is not None:
            raise self._error
        return self._values[0]


class Turns:
    """First come, first served. Not re-entrant: who has the turn and asks again waits for the timeout."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._taken = False
        self._waiting: deque[Errand[Any]] = deque()

    def acquire(self, timeout: float, errand: Errand[Any] | None = None) -> bool:
        """Waits for its turn, at most `timeout` seconds, without end if that is -1; False if it did not come.

        errand: may be taken by another meanwhile. Then this returns True without the turn when it is finished, and
        `errand.taken` says so.
        """
        place: Errand[Any] = errand if errand is not None else Errand(shareable=False)
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(place)
        try:
            if place.wait(timeout) or not self._leave(place):
                return place.wait()  # if it was not called yet, somebody is at work on it: soon
        except BaseException:  # an interrupt: the turn must not be handed to somebody who has left
            if not self._leave(place):
                place.wait()
                if not place.taken:
                    self.release()
            raise
        return False

    def join(self, most: int) -> list[Errand[Any]]:
        """For the one who has the turn: the errands that wait first, at most so many, to be done and called by him.

        Whoever waits without one is not overtaken.
        """
        joined: list[Errand[Any]] = []
        with self._mutex:
            while self._waiting and self._waiting[0].shareable and len(joined) < most:
                errand = self._waiting.popleft()
                errand.taken = True
                joined.append(errand)
        return joined

    def release(self) -> None:
        """Ends the turn and calls the next."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().call()
            else:
                self._taken = False

    def _leave(self, place: Errand[Any]) -> bool:
        """Whether the queue was left; False if the turn had been given, or the errand taken, just before."""
        with self._mutex:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True
