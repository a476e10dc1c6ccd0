"""A transaction of the log under way: where its entries have brought the tree. The head in the database follows last.

What runs for each entry and each transaction goes to the driver as constant SQL, made from the tables once: executing
it by SQLAlchemy costs several times what SQLite itself takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, Transaction, bindparam, insert, select, update

from matcher.log.entry import AuditEntry, EntryKind, answered, encode
from matcher.log.version import NEWEST, Body
from matcher.store import tables
from matcher.store.engine import driver, driver_sql
from matcher.timestamp import format_time, parse_time
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Signer, sign_note
from matcher.tlog.tile import HEIGHT

_HEAD = tables.log_head
_READ_HEAD = driver_sql(select(_HEAD.c.size, _HEAD.c.frontier, _HEAD.c.last_time))
_WRITE_HEAD = driver_sql(
    update(_HEAD).values({name: bindparam(name) for name in ("size", "frontier", "last_time", "checkpoint")})
)
_WRITE_ENTRY = driver_sql(insert(tables.audit_entry))
_WRITE_HASH = driver_sql(insert(tables.log_hash))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """transaction: the one it belongs to, and no other. began: the log's size before it.

    A transaction that is rolled back leaves its draft behind, to be recognised by this.
    """

    transaction: Transaction | None
    began: int
    frontier: Frontier
    last_time: datetime | None

    @classmethod
    def begin(cls, connection: Connection) -> Self | None:
        """From the head in the database; None where there is none, since the log is being begun."""
        head = driver(connection).execute(_READ_HEAD).fetchone()
        if head is None:
            return None
        size, frontier, last_time = head
        return cls(
            transaction=connection.get_transaction(),
            began=size,
            frontier=Frontier.unpack(size, frontier),
            last_time=None if last_time is None else parse_time(last_time),
        )

    def append(self, connection: Connection, moment: datetime, kind: EntryKind, body: Body) -> tuple[Self, AuditEntry]:
        """Writes an entry; the draft that it leads to. Raises EntryInvalidError."""
        index, data = self.frontier.size, encode(moment, kind, body)
        hashed = leaf_hash(data)
        values = (index, format_time(moment), kind.value, answered(kind, body), data, hashed)
        driver(connection).execute(_WRITE_ENTRY, values)
        completed = self.frontier.completed(hashed)
        for level, root in enumerate(completed[HEIGHT::HEIGHT], start=1):  # those that fill a tile
            driver(connection).execute(_WRITE_HASH, (level, index >> HEIGHT * level, root))
        entry = AuditEntry(index=index, version=NEWEST, time=moment, kind=kind, body=body, data=data)
        longer = type(self)(
            transaction=self.transaction, began=self.began, frontier=self.frontier.grown(completed), last_time=moment
        )
        return longer, entry

    def end(self, connection: Connection, signers: Sequence[Signer]) -> bool:
        """Writes the head that the entries led to, signed once for all of them; False if there were none."""
        frontier = self.frontier
        if frontier.size == self.began or self.last_time is None:
            return False
        values = (frontier.size, frontier.pack(), format_time(self.last_time), checkpoint_of(frontier, signers))
        driver(connection).execute(_WRITE_HEAD, values)
        return True


def checkpoint_of(frontier: Frontier, signers: Sequence[Signer]) -> str:
    """The note of a log that has come so far, signed by all of them; they have one name."""
    return sign_note(Checkpoint(origin=signers[0].name, size=frontier.size, root=frontier.root()).text, *signers)
