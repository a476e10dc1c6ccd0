"""What the last run left undone is brought to its end: the first thing of every start, before anything else is opened.

There is one way to start. After a clean stop the steps are the same as after a crash, and find nothing to do. Each can
be cut off anywhere: the next start takes all of them again. They need the database and the log, and no master key.
"""

from contextlib import suppress
from dataclasses import dataclass

from matcher.alerts.alert import Alert
from matcher.alerts.missed_match import raise_missed
from matcher.audit.verification import require_sound
from matcher.log.interrupted import close_interrupted
from matcher.log.log import AuditLog
from matcher.people.erasure import finish_erasures
from matcher.people.errors import ErasurePendingError
from matcher.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """closed: requests that got a failure entry. erased: subjects. raised: alerts about matches, for listeners."""

    closed: int
    erased: int
    raised: tuple[Alert, ...]


def recover(database: Database, log: AuditLog) -> Recovered:
    """Takes every step. This run's own start entry comes after them: they look back to the newest one.

    What came before: `Database.open` has brought the tables up to date and emptied the write-ahead log, and `AuditLog`
    has begun the log or found its keys. Raises LogUnsoundError, LogKeyError, LogUnavailableError, ClockError,
    StoreError.
    """
    # First: nothing may be added to a log that was damaged when the disk failed.
    require_sound(database, *log.verifier_keys)
    # Before any other entry: all that follow are signed with the keys that the log itself names.
    log.settle_keys()
    # The rest could come in any order. The log's own first, then what the disk still holds of people who have
    # withdrawn; alerts, which somebody is to look at, last.
    closed = close_interrupted(log)
    erased = _erase(database, log)
    return Recovered(closed=closed, erased=erased, raised=raise_missed(log))


def _erase(database: Database, log: AuditLog) -> int:
    """A reader in the way (a backup, an audit) delays an erasure to the next withdrawal or start, not this start."""
    with suppress(ErasurePendingError):
        return finish_erasures(database, log)
    return 0
