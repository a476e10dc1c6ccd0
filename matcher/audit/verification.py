"""Checks a whole log end to end: every leaf hashed again, the tree, the signature, and what the entries say.

It reads in short transactions, so it may run beside a service that writes: it checks the entries that the checkpoint
covered at its start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, Text, cast, select

from matcher.audit.entry_checker import EntryChecker
from matcher.audit.examination import EntryFacts, examine
from matcher.audit.report import LogReport, Severity
from matcher.log.beginning import require_unbegun
from matcher.log.entry import answered
from matcher.log.errors import LogKeyError, LogUnsoundError
from matcher.store import tables
from matcher.store.database import Database
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Verifier, open_note
from matcher.tlog.progress import Progress
from matcher.tlog.tile import HEIGHT

_BATCH = 2_000


def verify_log(database: Database, *verifier_keys: str, progress: Progress | None = None) -> LogReport:
    """Checks everything; the report lists at most MAX_PROBLEMS. verifier_keys: as `AuditLog.verifier_keys` returns
    them; an auditor brings a copy of their own. Raises NoteError if it is malformed, LogKeyError if there is no log
    yet, LogTruncatedError if there was one, StoreError.
    """
    verifiers = [Verifier.parse(key) for key in verifier_keys]
    with database.reading() as connection:
        columns = tables.log_head.c
        head = connection.execute(select(columns.size, columns.frontier, columns.checkpoint)).first()
        beyond = tables.audit_entry.c.index
        extra = 0 if head is None else connection.execute(select(beyond).where(beyond >= head.size).limit(1)).first()
    if head is None:
        require_unbegun(database)
        raise LogKeyError("The data folder has no audit log yet.", remedy="Start the service once.")
    walk = _Walk(hashes=_hashes(database))
    frontier = Frontier()
    for at, row in enumerate(_rows(database, head.size)):
        if row.number != at:
            walk.add(at, "entry_missing", f"Entry {at} is missing; {row.number} stands in its place.")
            break
        hashed = walk.entry(row)
        frontier, completed = frontier.grow(hashed)
        walk.tree(at, completed)
        if progress is not None and (at + 1) % _BATCH == 0:
            progress(at + 1, head.size)
    if extra:
        walk.add(None, "entry_beyond", "There are entries beyond the log's head.")
    _check_head(walk, head, frontier, verifiers)
    if progress is not None:
        progress(head.size, head.size)
    return walk.report(frontier, head.checkpoint)


def require_sound(database: Database, *verifier_keys: str) -> None:
    """After the disk failed under it the whole log is checked, before anything is added. Raises LogUnsoundError."""
    failure = database.failed_before
    if failure is None:
        return
    report = verify_log(database, *verifier_keys)
    changed = [problem for problem in report.problems if problem.severity is not Severity.RULE]
    if changed:
        raise LogUnsoundError(failure, changed[0].message)
    database.trust_again()


def _rows(database: Database, size: int) -> Iterator[Any]:
    entry = tables.audit_entry.c
    # Cast, so that a value that was tampered with is read as it stands and reported, not refused by the driver.
    query = select(
        entry.index.label("number"),
        cast(entry.time, Text).label("time"),
        entry.kind,
        entry.request_index,
        cast(entry.data, LargeBinary).label("data"),
        entry.leaf_hash,
    )
    last = -1
    while True:
        part = query.where(entry.index > last, entry.index < size).order_by(entry.index).limit(_BATCH)
        with database.reading() as connection:
            rows = connection.execute(part).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].number


def _hashes(database: Database) -> dict[tuple[int, int], bytes]:
    """The stored hashes above the leaves: one for some 255 entries."""
    columns = tables.log_hash.c
    query = select(columns.level, columns.place, cast(columns.hash, LargeBinary))
    with database.reading() as connection:
        return {(level, place): kept for level, place, kept in connection.execute(query)}


def _check_head(walk: "_Walk", head: Any, frontier: Frontier, verifiers: Sequence[Verifier]) -> None:
    try:
        checkpoint = Checkpoint.parse(open_note(head.checkpoint, verifiers))
    except NoteError as error:
        walk.add(None, "checkpoint_invalid", error.message)
        return
    if checkpoint.origin != verifiers[0].name:
        walk.add(None, "origin_differs", "The checkpoint is of another log than the key.")
    if checkpoint.size != head.size or frontier.size != checkpoint.size:
        message = f"The checkpoint covers {checkpoint.size} entries; {frontier.size} are there."
        walk.add(None, "size_differs", message)
    elif checkpoint.root != frontier.root():
        walk.add(None, "root_differs", "The entries do not hash to the root that was signed.")
    if head.frontier != frontier.pack():
        walk.add(None, "frontier_differs", "The log's stored frontier does not fit its entries.")


@dataclass(kw_only=True)
class _Walk(EntryChecker):
    """One pass over a data folder's entries and the columns and hashes stored beside them. hashes: as `_hashes` returns
    them."""

    hashes: dict[tuple[int, int], bytes]

    def entry(self, row: Any) -> bytes:
        """Checks one entry; returns its leaf hash."""
        hashed = leaf_hash(row.data)
        if hashed != row.leaf_hash:
            self.add(row.number, "leaf_differs", f"Entry {row.number} is not what was hashed when it was written.")
        entry = examine(row.data)
        self.check(row.number, entry)
        if isinstance(entry, EntryFacts):
            answer = answered(entry.kind, entry.facts)
            if (row.time, row.kind, row.request_index) != (entry.time, entry.kind.value, answer):
                message = f"The columns beside entry {row.number} say other than the entry."
                self.add(row.number, "columns_differ", message)
        return hashed

    def tree(self, index: int, completed: Sequence[bytes]) -> None:
        """Checks the stored roots of tiles. completed: as `Frontier.completed` returns it for this entry."""
        for level, root in enumerate(completed[HEIGHT::HEIGHT], start=1):
            if self.hashes.get((level, index >> HEIGHT * level)) != root:
                self.add(index, "hash_differs", f"The stored hash of the tile that ends with entry {index} is wrong.")
