"""What an audit log says: its entries and its newest checkpoint, read from the database."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Row, select

from matcher.log.entry import AuditEntry, EntryKind, answered
from matcher.log.errors import EntryUnknownError
from matcher.store import tables
from matcher.store.database import Database

_ENTRY = tables.audit_entry
_HEAD = tables.log_head
_LEAF = select(_ENTRY.c.index.label("number"), _ENTRY.c.data)


class LogReader:
    """The reading half of the log. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        """database: of a data folder in which a log has begun."""
        self._database = database

    def entry(self, index: int) -> AuditEntry:
        """The entry at this index, from 0. Raises EntryUnknownError."""
        with self._database.reading() as connection:
            # SQLite's integers end at 64 bits.
            row = connection.execute(_LEAF.where(_ENTRY.c.index == index)).first() if 0 <= index < 2**63 else None
        if row is None:
            raise EntryUnknownError(
                f"The audit log has no entry {index}.", remedy="Ask for an index below the log's size."
            )
        return _entry(row)

    def actor(self, index: int) -> str | None:
        """Whose doing the entry at this index is: of an outcome, who made the request. Raises EntryUnknownError."""
        entry = self.entry(index)
        request = answered(entry.kind, entry.body)
        body = entry.body if request is None else self.entry(request).body
        return cast(str | None, body.get("actor"))

    def entries(
        self,
        start: int = 0,
        limit: int = 100,
        *,
        kinds: Sequence[EntryKind] | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]:
        """At most `limit` entries from index `start` upwards; newest_first: from `start` entries before the end down.

        kinds: only these; they are chosen after `start`.
        """
        start, limit = max(0, min(start, 2**62)), max(0, min(limit, 10_000))
        with self._database.reading() as connection:
            query = _LEAF
            if newest_first:
                size = connection.execute(select(_HEAD.c.size)).scalar_one()
                query = query.where(_ENTRY.c.index < size - start).order_by(_ENTRY.c.index.desc())
            else:
                query = query.where(_ENTRY.c.index >= start).order_by(_ENTRY.c.index)
            if kinds is not None:
                query = query.where(_ENTRY.c.kind.in_([kind.value for kind in kinds]))
            rows = connection.execute(query.limit(limit)).all()
        return [_entry(row) for row in rows]

    def size(self) -> int:
        """How many entries there are."""
        with self._database.reading() as connection:
            return int(connection.execute(select(_HEAD.c.size)).scalar_one())

    def checkpoint(self) -> str:
        """The newest checkpoint, as a signed note, whether or not it is published yet."""
        with self._database.reading() as connection:
            return str(connection.execute(select(_HEAD.c.checkpoint)).scalar_one())


def _entry(row: Row[int, bytes]) -> AuditEntry:
    return AuditEntry.of(row.number, row.data)
