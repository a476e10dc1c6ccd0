"""The number of searches by cameras, counted in the log and cached for a minute, because pages ask for it often."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from matcher.audit.searches import camera_searches
from matcher.store.database import Database

KEPT = timedelta(minutes=1)


class CameraTraffic:
    """Counts the cameras' identifications of the last days. Safe to use from several threads: one counts, others
    wait."""

    def __init__(self, database: Database, *, days: Sequence[int]) -> None:
        """days: how far back each of the counts goes."""
        self._database = database
        self._days = tuple(days)
        self._lock = Lock()
        self._counted: tuple[datetime, list[int]] | None = None

    def counts(self, now: datetime) -> list[int]:
        """The number of identifications within each of those spans; at most a minute old."""
        with self._lock:
            if self._counted is None or not timedelta() <= now - self._counted[0] < KEPT:
                since = [now - timedelta(days=days) for days in self._days]
                self._counted = now, camera_searches(self._database, since)
            return list(self._counted[1])
