"""How long to wait before the next attempt."""

import random
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Backoff:
    """Doubling waits with jitter, so that cameras that failed together do not come back together.

    Each wait is drawn uniformly from the upper half of its limit; the limits are first, 2 first, 4 first … up to cap,
    in seconds.
    """

    first: float = 0.5
    cap: float = 4.0
    draw: "random.Random" = field(default_factory=random.Random)
    _attempt: int = field(default=0, init=False)

    def next(self) -> float:
        """The wait before the next attempt."""
        limit = min(self.cap, self.first * 2 ** min(self._attempt, 30))
        self._attempt += 1
        return self.draw.uniform(limit / 2, limit)

    def reset(self) -> None:
        """After a success: begin again with short waits."""
        self._attempt = 0
