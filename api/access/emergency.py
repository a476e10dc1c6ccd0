"""Emergency sessions: an administrator's sessions, in memory, while the log cannot be written. A login is an entry of
the log. If none can be written, an administrator with the right password gets a session that may only read the state of
the service, and resume the log after a clock that ran ahead. When the log can be written again, the login is logged
with its time, and the session becomes an ordinary one.
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
"""The errors of a login while the log cannot be written."""

LASTS = timedelta(hours=1)
MOST_OWED = 1_000
RETRY_SECONDS = 5.0
"""Seconds between two attempts to log pending logins."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Owed:
    """A login that is not logged yet. until: by the monotonic clock, since the wall clock may be the fault."""

    session: Session
    began_at: datetime
    until: float


class EmergencySessions:
    """Sessions whose login is not logged yet, by the digest of their secret. Thread-safe."""

    def __init__(self, log: AuditLog, clock: Clock, *, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._settling = threading.Lock()
        """Held by the thread that logs pending logins, which may take seconds; no other thread waits for it."""
        self._owed: dict[str, _Owed] = {}
        self._retry_at = 0.0

    def begin(self, session: Session, *, digest: str) -> Session | None:
        """Makes this session an emergency session; None for an account that may have none, or if too many logins are
        pending."""
        began_at, now = self._clock(), self._now()
        short = replace(session, expires_at=began_at + LASTS, emergency=True)
        with self._lock:
            if session.account.role is not Role.ADMINISTRATOR or len(self._owed) >= MOST_OWED:
                return None
            self._owed[digest] = _Owed(session=short, began_at=began_at, until=now + LASTS.total_seconds())
            self._retry_at = now + RETRY_SECONDS
        # Until the log can be written, the machine's journal is the only record.
        _LOG.warning(
            "%s logged in while the log cannot be written; the login will be logged later.", session.account.actor
        )
        return short

    def principal(self, digest: str) -> Principal | None:
        """The principal of an emergency session; None if it has ended or is none."""
        with self._lock:
            owed = self._owed.get(digest)
        if owed is None or owed.until <= self._now():
            return None
        return owed.session.principal

    def end(self, digest: str) -> bool:
        """Ends an emergency session, whose login stays pending; False if it is none."""
        if digest not in self._owed:
            return False
        with self._settling, self._lock:
            owed = self._owed.get(digest)
            if owed is not None:
                self._owed[digest] = replace(owed, until=0.0)
        return owed is not None

    def settle(self, *, at_once: bool = False) -> None:
        """Logs the pending logins if the log can be written, and stores the sessions that have not ended. at_once: also
        within RETRY_SECONDS after the last attempt, or while another thread makes one.
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
