"""Resumes the log after a clock that ran ahead, and corrects or lists the records that were made meanwhile. Sessions,
tokens and consents that seemed to have ended are valid again, since the present clock decides. Records that were made
meanwhile would last too long, or begin too late.
"""

from dataclasses import dataclass
from datetime import datetime

from api.access import account_store, session_store
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.people.clock_step import consented_after, date_references
from matcher.timestamp import parse_time


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """index: of the entry that records it. last_time: of the entry before it. now: the present time. sessions, tokens:
    how many began while the clock ran ahead, and were ended. subjects: the ids of those whose consents were recorded
    meanwhile; such a consent begins too late, so each subject needs a new one.
    """

    index: int
    last_time: datetime
    now: datetime
    sessions: int
    tokens: int
    subjects: tuple[str, ...]


def resume(log: AuditLog, *, actor: str) -> Resumption:
    """Resumes the log in one transaction. Raises ClockSoundError where the log can continue by itself,
    LogUnavailableError."""
    with log.writing() as connection:
        entry = log.resume(connection, actor=actor)
        sessions = session_store.delete_sessions_after(connection, entry.time)
        tokens = account_store.revoke_tokens_after(connection, entry.time)
        for token in tokens:
            body = {"action": "token_revoked", "account": token.account_id, "token": token.id, "actor": actor}
            log.append(connection, EntryKind.ACCOUNT, body)
        date_references(connection, entry.time)
        return Resumption(
            index=entry.index,
            last_time=parse_time(entry.body["last_time"]),
            now=entry.time,
            sessions=sessions,
            tokens=len(tokens),
            subjects=consented_after(connection, entry.time),
        )
