"""Matches without an alert because of a crash: the outcome is in the log, the alert is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, cast, func, select

from matcher.alerts.alert import Alert
from matcher.alerts.alerts import insert_alert
from matcher.log.entry import EntryKind, decode
from matcher.log.log import AuditLog
from matcher.probe.probe import CAMERA_ACTOR
from matcher.store import tables
from matcher.timestamp import parse_time


@dataclass(frozen=True, kw_only=True)
class MissedMatch:
    """A camera's match without an alert: its first candidate. captured_at: when the search began."""

    camera_id: str
    subject_id: str
    reference_id: str
    request_index: int
    outcome_index: int
    dissimilarity: float
    operating_point: str
    captured_at: datetime


def raise_missed(log: AuditLog) -> tuple[Alert, ...]:
    """The alerts that a crash of the last run came before, raised now; their capture is their search's begin.

    To be called before this run's own start entry. Raises LogUnavailableError, ClockError.
    """
    with log.writing() as connection:
        return tuple(insert_alert(log, connection, **vars(match)) for match in missed_matches(connection))


def missed_matches(connection: Connection) -> list[MissedMatch]:
    """The matches for which the last run may have crashed before the alert, at most one for each camera. Call it before
    this run's start entry. A camera searches again only after the alert of the search before, so only its last search
    can lack one. A match that needed no alert, because the same person had one just before, is included too: a
    superfluous alert is better than a missing one.
    """
    entry = tables.audit_entry.c
    last = select(func.max(entry.index))
    start = connection.execute(last.where(entry.kind == EntryKind.START.value)).scalar()
    stop = connection.execute(last.where(entry.kind == EntryKind.STOP.value)).scalar()
    if start is None or (stop is not None and stop > start):
        return []
    newest: dict[str, MissedMatch] = {}
    for match in _matches_since(connection, start):
        newest.setdefault(match.camera_id, match)
    return [match for match in newest.values() if not _followed(connection, match) and not _raised(connection, match)]


def _matches_since(connection: Connection, start: int) -> Iterator[MissedMatch]:
    """Cameras' searches that kept evidence, newest first."""
    request, outcome = tables.audit_entry.alias(), tables.audit_entry.alias()
    query = (
        select(request.c.data.label("request"), outcome.c.data.label("outcome"), outcome.c.index.label("number"))
        .join(tables.evidence, tables.evidence.c.request_index == request.c.index)
        .join(outcome, outcome.c.request_index == request.c.index)
        .where(request.c.index > start, outcome.c.kind == EntryKind.OUTCOME.value)
        .order_by(request.c.index.desc())
    )
    for row in connection.execute(query):
        asked, answer = decode(row.request).body, decode(row.outcome).body
        if asked["actor"].startswith(CAMERA_ACTOR):
            first = answer["candidates"][0]
            yield MissedMatch(
                camera_id=asked["camera"],
                subject_id=first["subject"],
                reference_id=first["reference"],
                request_index=answer["request"],
                outcome_index=row.number,
                dissimilarity=first["dissimilarity"],
                operating_point=asked["operating_point"]["name"],
                captured_at=parse_time(asked["started_at"]),
            )


def _followed(connection: Connection, match: MissedMatch) -> bool:
    """True if the camera searched again: then it had finished this search."""
    entry = tables.audit_entry.c
    query = select(entry.data).where(
        entry.kind == EntryKind.REQUEST.value,
        entry.index > match.outcome_index,
        func.instr(cast(entry.data, Text), match.camera_id) > 0,
    )
    return any(
        decode(data).body["actor"] == CAMERA_ACTOR + match.camera_id for data in connection.execute(query).scalars()
    )


def _raised(connection: Connection, match: MissedMatch) -> bool:
    query = select(tables.alert.c.id).where(tables.alert.c.request_index == match.request_index)
    return connection.execute(query).first() is not None
