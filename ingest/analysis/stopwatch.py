"""How long each stage of the analysis takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Collects times by stage until they are handed over. Owned by one thread."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the time of the block to the stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.add(stage, time.monotonic() - start)

    def add(self, stage: str, seconds: float) -> None:
        """Adds a time measured elsewhere."""
        self._times.setdefault(stage, []).append(seconds)

    def handed_over(self) -> dict[str, list[float]]:
        """The times since the last call."""
        times, self._times = self._times, {}
        return times
