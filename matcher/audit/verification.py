"""Checks a whole log end to end: every leaf hashed again, the tree, the signature, and what the entries say.

Reads in short transactions, so it may run beside a service that goes on writing: it checks what the checkpoint covers
that it took at its start.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Text, cast, select

from matcher.audit.checkpoint import Checkpoint
from matcher.audit.entry import Body, EntryKind, answered, decode, encode
from matcher.audit.errors import EntryInvalidError, LogKeyError, NoteError
from matcher.audit.log import require_unbegun
from matcher.audit.merkle import Frontier, leaf_hash
from matcher.audit.note import Verifier, open_note
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.tables import format_time

MAX_PROBLEMS = 1_000
_BATCH = 2_000

Progress = Callable[[int, int], None]
"""Called with how many entries are done, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is not as it must be. index: the entry's; None for the log as a whole. code: for programs."""

    index: int | None
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LogReport:
    """What was found. root: the tree's, computed from the entries, 32 bytes. checkpoint: the signed note checked.

    open_requests: searches of the present run that had no outcome yet; that is no problem.
    """

    entries: int
    root: bytes
    checkpoint: str
    open_requests: int
    problems: tuple[Problem, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_log(database: Database, verifier_key: str, progress: Progress | None = None) -> LogReport:
    """Checks everything. At most MAX_PROBLEMS are listed.

    verifier_key: as `AuditLog.verifier_key` gives it; an auditor brings their own copy. Raises NoteError if it is
    malformed, LogKeyError if there is no log yet, LogTruncatedError if there was one, StoreError.
    """
    verifier = Verifier.parse(verifier_key)
    with database.reading() as connection:
        columns = tables.log_head.c
        head = connection.execute(select(columns.size, columns.frontier, columns.checkpoint)).first()
        beyond = tables.audit_entry.c.index
        extra = 0 if head is None else connection.execute(select(beyond).where(beyond >= head.size).limit(1)).first()
    if head is None:
        require_unbegun(database)
        raise LogKeyError("The data folder has no audit log yet.", remedy="Start the service once.")
    walk = _Walk()
    frontier = Frontier()
    for at, row in enumerate(_rows(database, head.size)):
        if row.number != at:
            walk.add(at, "entry_missing", f"Entry {at} is missing; {row.number} stands in its place.")
            break
        frontier = frontier.append(walk.entry(row))
        if progress is not None and (at + 1) % _BATCH == 0:
            progress(at + 1, head.size)
    if extra:
        walk.add(None, "entry_beyond", "There are entries beyond the log's head.")
    _check_head(walk, head, frontier, verifier)
    if progress is not None:
        progress(head.size, head.size)
    return LogReport(
        entries=frontier.size,
        root=frontier.root(),
        checkpoint=head.checkpoint,
        open_requests=len(walk.open),
        problems=tuple(walk.problems),
    )


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


def _check_head(walk: "_Walk", head: Any, frontier: Frontier, verifier: Verifier) -> None:
    try:
        checkpoint = Checkpoint.parse(open_note(head.checkpoint, [verifier]))
    except NoteError as error:
        walk.add(None, "checkpoint_invalid", error.message)
        return
    if checkpoint.origin != verifier.name:
        walk.add(None, "origin_differs", "The checkpoint is of another log than the key.")
    if checkpoint.size != head.size or frontier.size != checkpoint.size:
        message = f"The checkpoint covers {checkpoint.size} entries; {frontier.size} are there."
        walk.add(None, "size_differs", message)
    elif checkpoint.root != frontier.root():
        walk.add(None, "root_differs", "The entries do not hash to the root that was signed.")
    if head.frontier != frontier.pack():
        walk.add(None, "frontier_differs", "The log's stored frontier does not fit its entries.")


@dataclass
class _Walk:
    """The state of one pass over the entries, in their order."""

    problems: list[Problem] = field(default_factory=list)
    open: dict[int, None] = field(default_factory=dict)
    last_time: datetime | None = None
    reviewers: set[tuple[str, str]] = field(default_factory=set)

    def add(self, index: int | None, code: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(index=index, code=code, message=message))

    def entry(self, row: Any) -> bytes:
        """Checks one entry; its leaf hash."""
        hashed = leaf_hash(row.data)
        if hashed != row.leaf_hash:
            self.add(row.number, "leaf_differs", f"Entry {row.number} is not what was hashed when it was written.")
        try:
            moment, kind, body = decode(row.data)
            canonical = encode(moment, kind, body)
        except (ValueError, RecursionError, EntryInvalidError):
            self.add(row.number, "entry_malformed", f"Entry {row.number} is not a valid entry.")
            return hashed
        if canonical != row.data:
            self.add(row.number, "entry_not_canonical", f"Entry {row.number} is not canonical JSON.")
        if (row.time, row.kind, row.request_index) != (format_time(moment), kind.value, answered(kind, body)):
            self.add(row.number, "columns_differ", f"The columns beside entry {row.number} say other than the entry.")
        self._meaning(row.number, moment, kind, body)
        return hashed

    def _meaning(self, index: int, moment: datetime, kind: EntryKind, body: Body) -> None:
        if self.last_time is not None and moment < self.last_time:
            self.add(index, "clock_order", f"Entry {index} is earlier than the one before it.")
        self.last_time = moment
        if kind is EntryKind.REQUEST:
            self.open[index] = None
        elif kind is EntryKind.START:
            for request in self.open:
                self.add(request, "outcome_missing", f"Request {request} has no outcome.")
            self.open.clear()
        elif kind is EntryKind.REVIEW:
            self._review(index, body)
        if kind is EntryKind.OUTCOME or (kind is EntryKind.FAILURE and "request" in body):
            self._answer(index, body.get("request"))

    def _answer(self, index: int, request: object) -> None:
        if not isinstance(request, int) or request not in self.open:
            self.add(index, "request_missing", f"Entry {index} ends request {request}, which is not open.")
            return
        del self.open[request]

    def _review(self, index: int, body: Body) -> None:
        pair = (str(body.get("alert")), str(body.get("reviewer")))
        if pair in self.reviewers:
            self.add(index, "reviewer_twice", f"Entry {index} is a second review of one alert by one person.")
        self.reviewers.add(pair)
