"""A camera's login, and when it may be tried: many cameras lock an account after a handful of wrong passwords."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ingest.camera import Credentials

RETRY_SECONDS = (60.0, 300.0, 900.0)
"""Pauses after the first, the second, and each further refusal in a row."""


class Login:
    """The login of one camera, shared by the relays of its streams. Owned by the relays' thread; `wait` by any.

    A changed camera gets a new Login, whose first try is at once.
    """

    def __init__(self, credentials: Credentials | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.credentials = credentials
        self._clock = clock
        self._refusals = 0
        self._retry_at = 0.0
        self.retry_at: datetime | None = None
        """When the camera may be asked again (UTC); None while its last answer was no refusal."""

    @property
    def wait(self) -> float:
        """Seconds until the camera may be asked again; 0 when it may be asked now."""
        return max(0.0, self._retry_at - self._clock())

    def refused(self) -> None:
        """The camera refused the login, or asked for one where there is none."""
        pause = RETRY_SECONDS[min(self._refusals, len(RETRY_SECONDS) - 1)]
        self._refusals += 1
        self._retry_at = self._clock() + pause
        self.retry_at = datetime.now(UTC) + timedelta(seconds=pause)

    def accepted(self) -> None:
        """The camera answered: the next refusal begins with the shortest pause again."""
        self._refusals, self._retry_at, self.retry_at = 0, 0.0, None
