"""The pause after a camera refused a login: many cameras lock an account after a few wrong passwords."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

RETRY_SECONDS = (60.0, 300.0, 900.0)
"""Pauses after the first, the second, and each further refusal in a row."""


class Refusals:
    """The refusals in a row. Owned by the relays' thread; `wait` and `retry_at` may be read by any."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._over = 0.0
        self.retry_at: datetime | None = None
        """The time at which the next request is allowed (UTC); None while the last answer was no refusal."""

    @property
    def wait(self) -> float:
        """Seconds until the next request is allowed; 0 when it is allowed now."""
        return max(0.0, self._over - self._clock())

    def refused(self) -> None:
        """Records a refusal. Two connections that were refused at the same time count once."""
        if self.wait:
            return
        pause = RETRY_SECONDS[min(self._count, len(RETRY_SECONDS) - 1)]
        self._count += 1
        self._over = self._clock() + pause
        self.retry_at = datetime.now(UTC) + timedelta(seconds=pause)

    def accepted(self) -> None:
        """Records that the camera has accepted a request: the next refusal begins with the shortest pause again."""
        self._count, self._over, self.retry_at = 0, 0.0, None
