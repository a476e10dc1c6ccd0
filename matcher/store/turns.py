"""A lock that is given in the order it was asked for: under load Python's own lets some wait for ever.

Who waits with an errand need not come to the turn at all: whoever has it may take the errands that wait first in the
queue and do them along with his own (group commit).
"""

import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(eq=False)
class Errand:
    """A place in the queue whose work another may do. Changed under the queue's mutex, until `called` is set."""

    called: threading.Event = field(default_factory=threading.Event)
    shareable: bool = True
    taken: bool = False
    """By somebody who had the turn: he does the work, then calls `finish`."""

    def finish(self) -> None:
        """The one who took it says that it is done, well or badly."""
        self.called.set()


class Turns:
    """First come, first served. Not re-entrant: who has the turn and asks again waits for the timeout."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[Errand] = deque()

    def acquire(self, timeout: float, errand: Errand | None = None) -> bool:
        """Waits for its turn, at most `timeout` seconds; False if it did not come.

        errand: may be taken by another meanwhile. Then this returns True without the turn when it is finished, and
        `errand.taken` says so.
        """
        place = errand if errand is not None else Errand(shareable=False)
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            self._waiting.append(place)
        try:
            if place.called.wait(timeout) or not self._leave(place):
                place.called.wait()  # somebody is at work on it: soon
                return True
        except BaseException:  # an interrupt: the turn must not be handed to somebody who has left
            if not self._leave(place):
                place.called.wait()
                if not place.taken:
                    self.release()
            raise
        return False

    def join(self, most: int) -> list[Errand]:
        """For the one who has the turn: the errands that wait first, at most so many, to be done and finished by him.

        Whoever waits without one is not overtaken.
        """
        joined: list[Errand] = []
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
                self._waiting.popleft().called.set()
            else:
                self._taken = False

    def _leave(self, place: Errand) -> bool:
        """Whether the queue was left; False if the turn had been given, or the errand taken, just before."""
        with self._mutex:
            if place.taken or place.called.is_set():
                return False
            self._waiting.remove(place)
            return True
