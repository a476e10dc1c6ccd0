"""Limits how many of this machine's cameras analyse at the same moment: two more than it has cores. If the CPU is too
small for all, the cameras take turns. A worker that shares a core with seven others would take eight times as long, and
its answer would be about an old frame; a worker that waits for its turn takes the newest frame then, and answers soon.
The two more keep the cores busy while a worker in its turn waits for something else.
"""

import fcntl
import time

from matcher.process.child_process import cores

LONGEST_WAIT = 5.0
"""Seconds after which a worker analyses without a turn: a worker that hangs in its turn must not stop all others."""

LONGEST_PAUSE, SHORTEST_PAUSE = 0.008, 0.001
"""Seconds between two tries. A worker that has waited longer tries more often, and so is likely to be the next."""


class CpuSlots:
    """One worker's access, by byte locks on a file that all workers share; the kernel releases a dead worker's lock.
    file: the descriptor; its owner is the process's main function. Owned by one thread. places: the number of
    simultaneous turns.
    """

    def __init__(self, file: int, *, places: int | None = None) -> None:
        self._file = file
        self._places = places or cores() + 2
        self._place: int | None = None
        self._came: float | None = None

    def enter(self, timeout: float) -> bool:
        """Waits up to timeout seconds for a turn; returns true if it got one. A repeated call continues the same
        wait."""
        now = time.monotonic()
        self._came = came = now if self._came is None else self._came
        end = now + timeout
        while not self._take_place():
            now = time.monotonic()
            if now - came > LONGEST_WAIT:
                break
            if now >= end:
                return False
            time.sleep(max(LONGEST_PAUSE / (1 + 10 * (now - came)), SHORTEST_PAUSE))
        self._came = None
        return True

    def leave(self) -> None:
        """The turn is over."""
        if self._place is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._place)
            self._place = None

    def _take_place(self) -> bool:
        for place in range(self._places):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                continue
            self._place = place
            return True
        return False
