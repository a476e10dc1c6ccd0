"""Rate limits: a token bucket per key, and a window of failures per key."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar

from matcher.errors import ClearglassError

_KEYS = 10_000


class TooManyRequestsError(ClearglassError):
    """The account sends more requests than allowed."""

    code: ClassVar[str] = "too_many_requests"

    def __init__(self, what: str, seconds: float) -> None:
        self.retry_after = max(1, round(seconds + 0.5))
        super().__init__(
            f"Too many {what} in a short time.", remedy=f"Wait {self.retry_after} seconds, then try again."
        )


class TooManyLoginsError(TooManyRequestsError):
    """Too many failed logins of one name or from one address."""

    code: ClassVar[str] = "too_many_logins"


class RateLimit:
    """A token bucket for each key: `per_minute` on average, at most that many at once. Thread-safe, bounded memory."""

    def __init__(self, what: str, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._rate = per_minute / 60.0
        self._size = float(per_minute)
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Takes one. Raises: TooManyRequestsError when the bucket is empty."""
        with self._lock:
            now = self._now()
            level = self._level(key, now)
            allowed = level >= 1.0
            self._keep(key, level - 1.0 if allowed else level, now)
        if not allowed:
            raise TooManyRequestsError(self._what, (1.0 - level) / self._rate)

    def owe(self, key: str, count: int) -> None:
        """Takes `count` more, also if fewer are left: then nothing can be taken until the bucket has refilled. It is
        for work whose size is known only after it has begun; the average rate holds for any size.
        """
        with self._lock:
            now = self._now()
            self._keep(key, self._level(key, now) - count, now)

    def _level(self, key: str, now: float) -> float:
        level, since = self._buckets.get(key, (self._size, now))
        return min(self._size, level + (now - since) * self._rate)

    def _keep(self, key: str, level: float, now: float) -> None:
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _KEYS:
            self._buckets.popitem(last=False)


class LoginThrottle:
    """Counts failed logins by key over a sliding window. Thread-safe, bounded memory."""

    def __init__(self, attempts: int, window: float, now: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._window = window
        self._now = now
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def start(self, key: str) -> None:
        """Counts an attempt as failed before the password is checked, so that simultaneous attempts gain nothing.
        Raises: TooManyLoginsError if the key has used up its attempts; then the attempt is not counted.
        """
        with self._lock:
            now = self._now()
            recent = [moment for moment in self._failures.pop(key, []) if now - moment < self._window]
            allowed = len(recent) < self._attempts
            if allowed:
                recent.append(now)
            self._failures[key] = recent
            if len(self._failures) > _KEYS:
                self._failures.popitem(last=False)
        if not allowed:
            raise TooManyLoginsError("failed logins", self._window - (now - recent[0]))

    def forgive(self, key: str) -> None:
        """Removes the newest attempt from the count: it succeeded."""
        with self._lock:
            failures = self._failures.get(key)
            if failures:
                failures.pop()
