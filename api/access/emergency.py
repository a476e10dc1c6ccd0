"""The way in for an administrator while nothing can be written: sessions in memory that show what is wrong.

A login is an entry of the log. Where none can be written, an administrator with the right password gets a session that
may only see the state of the service, and let the log go on after a clock that ran ahead. When the log can be written
again, the login is logged with the time at which it was, and the session becomes one like any other.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.access import session_store
from api.access.account import Principal, Session
from api.permission import Role
from matcher.clock import Clock
from matcher.log.entry import EntryKind
from matcher.log.errors import ClockError, LogUnavailableError
from matcher.log.log import AuditLog
from matcher.timestamp import format_time

UNWRITABLE = (LogUnavailableError, ClockError)
"""What a login is refused with while nothing can be logged."""

LASTS = timedelta(hours=1)
MOST_OWED = 1_000
RETRY_SECONDS = 5.0
"""How long after one attempt to log what is owed the next is made."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Owed:
    """A login that is not logged yet. until: by the monotonic clock, since the other may be what is wrong."""

    session: Session
    began_at: datetime
    until: float


class EmergencySessions:
    """Those whose login is not logged yet, by the digest of their secret. Thread-safe."""

    def __init__(self, log: AuditLog, clock: Clock, *, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._settling = threading.Lock()
        """For the one who logs what is owed, which may take seconds; nobody else waits for it."""
        self._owed: dict[str, _Owed] = {}
        self._retry_at = 0.0

    def begin(self, session: Session, *, digest: str) -> Session | None:
        """This session as one of these; None for an account that may have none, or where the log is owed too many."""
        began_at, now = self._clock(), self._now()
        short = replace(session, expires_at=began_at + LASTS, emergency=True)
        with self._lock:
            if session.account.role is not Role.ADMINISTRATOR or len(self._owed) >= MOST_OWED:
                return None
            self._owed[digest] = _Owed(session=short, began_at=began_at, until=now + LASTS.total_seconds())
            self._retry_at = now + RETRY_SECONDS
        # Until the log can be written, the journal of the machine is the only record.
        _LOG.warning("%s logged in while nothing can be logged; the log says so when it can.", session.account.actor)
        return short

    def principal(self, digest: str) -> Principal | None:
        """Who such a session belongs to; None if it has ended or is none of these."""
        with self._lock:
            owed = self._owed.get(digest)
        if owed is None or owed.until <= self._now():
            return None
        return owed.session.principal

    def end(self, digest: str) -> bool:
        """Ends such a session, whose login stays owed to the log; False if it is none of these."""
        if digest not in self._owed:
            return False
        with self._settling, self._lock:
            owed = self._owed.get(digest)
            if owed is not None:
                self._owed[digest] = replace(owed, until=0.0)
        return owed is not None

    def settle(self, *, at_once: bool = False) -> None:
        """Logs what is owed if the log can be written, and keeps the sessions that have not ended.

        at_once: also within RETRY_SECONDS after the last attempt, or while another makes one.
        """
        if not self._owed or not (at_once or self._now() >= self._retry_at):
            return
        if not self._settling.acquire(blocking=at_once):
            return
        try:
            with self._lock:
                owed = list(self._owed.items())
            for digest, one in owed:
                self._log_in(digest, one)
                with self._lock:
                    del self._owed[digest]
        except UNWRITABLE:
            self._retry_at = self._now() + RETRY_SECONDS
        finally:
            self._settling.release()

    def _log_in(self, digest: str, owed: _Owed) -> None:
        account, left = owed.session.account, timedelta(seconds=owed.until - self._now())
        body = {
            "action": "accepted",
            "account": account.id,
            "role": account.role.value,
            "logged_in_at": format_time(owed.began_at),
            "via": owed.session.principal.via,
        }
        with self._log.writing() as connection:
            entry = self._log.append(connection, EntryKind.LOGIN, body)
            if left > timedelta():
                session_store.insert_session(
                    connection,
                    session_id=owed.session.id,
                    digest=digest,
                    account_id=account.id,
                    csrf=owed.session.csrf,
                    created_at=entry.time,
                    expires_at=entry.time + left,
                )
