"""A lock that is given in the order it was asked for: under load Python's own lets some wait for ever."""

import threading
from collections import deque


class Turns:
    """First come, first served. Not re-entrant: who has the turn and asks again waits for the timeout."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Waits for its turn, at most `timeout` seconds; False if it did not come."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            called = threading.Event()
            self._waiting.append(called)
        try:
            if called.wait(timeout):
                return True
        except BaseException:  # an interrupt: the turn must not be handed to somebody who has left
            if not self._leave(called):
                self.release()
            raise
        return not self._leave(called)

    def release(self) -> None:
        """Ends the turn and calls the next."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    def _leave(self, called: threading.Event) -> bool:
        """Whether the queue was left; False if the turn had been given just before."""
        with self._mutex:
            if called.is_set():
                return False
            self._waiting.remove(called)
            return True
