"""Rates over the last seconds, from counters that only grow."""

from collections import deque


class Rates:
    """Keeps a few seconds of readings. Owned by one thread."""

    def __init__(self, *, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._readings: deque[tuple[float, tuple[float, ...]]] = deque()

    def read(self, moment: float, *counters: float) -> tuple[float, ...]:
        """Adds the counters' present values; returns the growth of each over the last seconds, per second."""
        self._readings.append((moment, counters))
        while len(self._readings) > 2 and moment - self._readings[1][0] >= self._seconds:
            self._readings.popleft()
        then, before = self._readings[0]
        elapsed = moment - then
        if elapsed <= 0:
            return tuple(0.0 for _ in counters)
        return tuple((now - was) / elapsed for now, was in zip(counters, before, strict=True))
