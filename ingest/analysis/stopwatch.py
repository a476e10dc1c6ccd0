"""How long each stage of the analysis takes."""

import time
from collections.abc import Callable


class Stopwatch:
    """Collects times by stage until they are handed over. Owned by one thread.

    Stages follow one another: each lasts from the lap before it, so that none of the time between two is lost.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self._times: dict[str, list[float]] = {}

    def start(self) -> None:
        """What took time before this belongs to no stage."""
        self._last = self._now()

    def lap(self, stage: str) -> None:
        """Adds the time since the last lap, or the start, to the stage."""
        before, self._last = self._last, self._now()
        self._times.setdefault(stage, []).append(self._last - before)

    def add(self, stage: str, seconds: float) -> None:
        """Adds a time measured elsewhere."""
        self._times.setdefault(stage, []).append(seconds)

    def handed_over(self) -> dict[str, list[float]]:
        """The times since the last call."""
        times, self._times = self._times, {}
        return times
