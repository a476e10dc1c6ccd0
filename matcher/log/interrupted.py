"""Requests that a run left without an outcome, because it was cut off in the middle of a search."""

from sqlalchemy import Connection, func, select

from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.store import tables

_ENTRY = tables.audit_entry


def close_interrupted(log: AuditLog) -> int:
    """Ends each of them with a failure entry; how many there were.

    They are looked for since the newest start entry: to be called before this run's own. Raises LogUnavailableError,
    ClockError.
    """
    with log.writing() as connection:
        indexes = _open_requests(connection)
        for index in indexes:
            log.append(connection, EntryKind.FAILURE, {"request": index, "code": "interrupted"})
    return len(indexes)


def _open_requests(connection: Connection) -> list[int]:
    answer = _ENTRY.alias()
    started = connection.execute(
        select(func.max(_ENTRY.c.index)).where(_ENTRY.c.kind == EntryKind.START.value)
    ).scalar()
    query = (
        select(_ENTRY.c.index)
        .where(_ENTRY.c.kind == EntryKind.REQUEST.value, _ENTRY.c.index > (-1 if started is None else started))
        .where(~select(answer.c.index).where(answer.c.request_index == _ENTRY.c.index).exists())
        .order_by(_ENTRY.c.index)
    )
    return list(connection.execute(query).scalars())
