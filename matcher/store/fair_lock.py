"""A lock that is given in the order it was asked for: under load Python's own lets some threads wait for ever."""

from collections import deque
from concurrent.futures import Future
from threading import Lock


class FairLock:
    """First come, first served. Not re-entrant: a thread that has it and asks again waits for the timeout."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._held = False
        self._waiting: deque[Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._waiting)

    def acquire(self, timeout: float) -> bool:
        """Waits for the lock, at most `timeout` seconds; whether it was given."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            place: Future[None] = Future()
            self._waiting.append(place)
        try:
            place.result(timeout)
        except BaseException as error:  # the timeout, or an interrupt
            given = not self._leave(place)
            if isinstance(error, TimeoutError):
                return given
            if given:
                self.release()
            raise
        return True

    def release(self) -> None:
        """Gives the lock to the thread that has waited longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set_result(None)
            else:
                self._held = False

    def _leave(self, place: Future[None]) -> bool:
        """Whether the place was still among those that wait; False if the lock was given to it just before."""
        with self._mutex:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True
