"""The audit log: a Merkle log in the database. An entry is durable and signed when `append`'s transaction has ended.

Entries, the tree's frontier, the last time and the signed checkpoint change in one transaction: what an entry tells of
and the entry itself are kept both or neither.

What runs for each entry and each transaction goes to the driver as constant SQL, made from the tables once: executing
it by SQLAlchemy costs several times what SQLite itself takes.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from matcher.clock import Clock
from matcher.log.actor import Actor
from matcher.log.beginning import require_unbegun
from matcher.log.clock_state import RESUME, ClockState
from matcher.log.entry import AuditEntry, EntryKind, answered, encode
from matcher.log.errors import ClockError, ClockSoundError, LogKeyError, LogUnavailableError
from matcher.log.key import adopt_draft, draft_log_key, read_draft, read_log_keys, replace_log_keys
from matcher.log.log_reader import LogReader
from matcher.log.version import NEWEST, Body
from matcher.metrics import MatcherMetrics
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.engine import driver, driver_sql
from matcher.store.errors import StoreError
from matcher.timestamp import format_time, parse_time
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Signer, open_note, sign_note
from matcher.tlog.tile import HEIGHT

_HEAD = tables.log_head
_READ_HEAD = driver_sql(select(_HEAD.c.size, _HEAD.c.frontier, _HEAD.c.last_time))
_WRITE_HEAD = driver_sql(
    update(_HEAD).values({name: bindparam(name) for name in ("size", "frontier", "last_time", "checkpoint")})
)
_WRITE_ENTRY = driver_sql(insert(tables.audit_entry))
_WRITE_HASH = driver_sql(insert(tables.log_hash))


@dataclass(kw_only=True)
class _Draft:
    """A transaction under way: how far its entries have brought the tree. The head in the database follows at its end.

    connection: the one that writes. written_time: the last time as the newest entry has it; None before there is one.
    """

    connection: Connection
    driver: sqlite3.Connection
    frontier: Frontier
    last_time: datetime | None
    written_time: str | None = None


class AuditLog(LogReader):
    """The log of one data folder. Safe to use from several threads."""

    def __init__(self, database: Database, *, clock: Clock, metrics: MatcherMetrics | None = None) -> None:
        """Begins the log if the data folder has none. Raises LogKeyError if its key is gone or another,
        LogTruncatedError if the folder had a log whose head is gone."""
        super().__init__(database)
        self._clock = clock
        self._metrics = metrics
        self._draft: _Draft | None = None
        """Of the transaction under way, if it is one of the log's; only the thread that writes sets it."""
        self.transactions = 0
        """How many added entries since the log was opened; fewer than entries where several share one."""
        self.unwritable: StoreError | None = None
        """Why the last attempt to write failed: a full disk, a foreign lock, an I/O error. None if it did not."""
        self._signers = self._open()

    @property
    def verifier_key(self) -> str:
        """The public key, in the form of C2SP signed-note, that anyone checks this log's checkpoints with.

        While a new key is introduced, that one; the older signs as well.
        """
        return self.verifier_keys[-1]

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """All that sign, the newest last."""
        return tuple(str(signer.verifier) for signer in self._signers)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction for entries and what goes with them. A store that fails raises LogUnavailableError."""
        began = time.perf_counter()
        try:
            with self._database.writing() as connection:
                self._draft = _begun(connection)
                try:
                    yield connection
                    self._end_draft()
                finally:
                    self._draft = None
        except StoreError as error:
            raise self._unavailable(error) from error
        self._observe(began)

    def append(self, connection: Connection, kind: EntryKind, body: Body) -> AuditEntry:
        """Adds an entry inside a transaction of `writing`, whose end signs the head that all its entries lead to.

        Raises ClockError when the clock stands before the last entry (beyond CLOCK_TOLERANCE), EntryInvalidError.
        """
        draft = self._drafted(connection)
        return _append(draft, self._moment(draft.last_time), kind, body)

    def record(self, kind: EntryKind, body: Body) -> AuditEntry:
        """Adds an entry in a transaction of its own. Raises LogUnavailableError, and as `append` does."""
        with self.writing() as connection:
            return self.append(connection, kind, body)

    def moment(self, connection: Connection) -> datetime:
        """The time that an entry appended now would get, for what is written beside it. Raises ClockError."""
        draft = self._draft
        if draft is None or draft.connection is not connection:
            return self._moment(connection.execute(select(_HEAD.c.last_time)).scalar_one())
        return self._moment(draft.last_time)

    def clock_state(self) -> ClockState:
        """How the clock stands to the last entry: where it does not fit, nothing is logged."""
        with self._database.reading() as connection:
            return ClockState(now=self._clock(), last=connection.execute(select(_HEAD.c.last_time)).scalar_one())

    def resume(self, connection: Connection, *, actor: str) -> AuditEntry:
        """Goes on where the clock stands, after one that ran ahead: as `append`, of an entry that may be earlier than
        the one before it. An administrator has made sure that the clock is right now. Raises ClockSoundError."""
        draft, now = self._drafted(connection), self._clock()
        last = draft.last_time
        if last is None or ClockState(now=now, last=last).fits:
            raise ClockSoundError
        return _append(draft, now, EntryKind.CLOCK, {"last_time": format_time(last), "actor": actor})

    def introduce_key(self, *, actor: str) -> str:
        """A new key, which from now on signs beside the present one; its public half. Raises LogKeyError."""
        if len(self._signers) > 1:
            raise LogKeyError(
                "A new key is being introduced already.", remedy="Retire the older one first, when everybody knows it."
            )
        # The key before the entry that tells of it: that is then signed by both.
        self._keep_keys((*self._signers, Signer.generate(self._signers[0].name)))
        self._tell_of_key("added", self._signers[-1], actor)
        return self.verifier_key

    def retire_key(self, *, actor: str) -> str:
        """From now on the newer key signs alone; the public half of the older one. Raises LogKeyError."""
        if len(self._signers) == 1:
            raise LogKeyError("The log has one key only.", remedy="Introduce a new one first.")
        old = self._signers[0]
        self._tell_of_key("retired", old, actor)
        self._keep_keys(self._signers[1:])
        return str(old.verifier)

    def settle_keys(self) -> None:
        """Ends a change of keys that was cut off. A step of `matcher.recovery`, before any other entry."""
        if len(self._signers) == 1:
            return
        newest = self.entries(limit=1, kinds=[EntryKind.KEY], newest_first=True)
        told = [(entry.body["action"], entry.body["key"]) for entry in newest]
        if told == [("retired", str(self._signers[0].verifier))]:
            self._keep_keys(self._signers[1:])
        elif told != [("added", str(self._signers[-1].verifier))]:
            self._tell_of_key("added", self._signers[-1], None)

    def _keep_keys(self, signers: tuple[Signer, ...]) -> None:
        replace_log_keys(self._database.folder, signers)
        self._signers = signers

    def _tell_of_key(self, action: str, signer: Signer, actor: str | None) -> None:
        """actor: None if it is not known, since it was done in a run that was cut off."""
        body = {"action": action, "key": str(signer.verifier)}
        self.record(EntryKind.KEY, body if actor is None else body | {"actor": actor})

    def _observe(self, began: float) -> None:
        """Notes that a transaction was written, and how long it took since `began`."""
        self.unwritable = None
        if self._metrics is not None:
            self._metrics.log_append_seconds.observe(time.perf_counter() - began)

    def _unavailable(self, error: StoreError) -> LogUnavailableError:
        """Tells of a transaction that failed."""
        self.unwritable = error
        if self._metrics is not None:
            self._metrics.log_failures.inc()
        return LogUnavailableError(
            f"The audit log could not be written, so this was not done. {error.message}", remedy=error.remedy
        )

    def _drafted(self, connection: Connection) -> _Draft:
        draft = self._draft
        if draft is None or draft.connection is not connection:
            raise ValueError("an entry outside the log's own transactions")
        return draft

    def _end_draft(self) -> None:
        """Writes the head that the entries led to, if there are any, signed once for all of them."""
        draft = self._draft
        if draft is None or draft.written_time is None:
            return
        frontier = draft.frontier
        packed, checkpoint = _head(frontier, self._signers)
        draft.driver.execute(_WRITE_HEAD, (frontier.size, packed, draft.written_time, checkpoint))
        self.transactions += 1
        if self._metrics is not None:
            self._metrics.log_entries.set(frontier.size)

    def _moment(self, last: datetime | None) -> datetime:
        """The time of an entry written now: a clock that was set back a little is held at the last entry's time."""
        now = self._clock()
        if last is None or now >= last:
            return now
        state = ClockState(now=now, last=last)
        if state.fits:
            return last
        raise ClockError(state.sentence, remedy=RESUME)

    def _open(self) -> tuple[Signer, ...]:
        folder = self._database.folder
        with self._database.reading() as connection:
            head = connection.execute(select(_HEAD)).first()
        if head is None:
            require_unbegun(self._database)
            return (self._begin(),)
        signers = read_log_keys(folder)
        if not signers:
            signers = read_draft(folder)
            if not _signed_by(head.checkpoint, signers):
                raise LogKeyError(
                    "The audit log has entries, but its key (log.key in the data folder) is gone.",
                    remedy="Put log.key back from your backup.",
                )
            # The very first start was cut off between the log's head and the name of its key.
            adopt_draft(folder)
        if not _signed_by(head.checkpoint, signers):
            raise LogKeyError(
                "log.key is not the key this audit log was signed with.", remedy="Put the right log.key back."
            )
        return signers

    def _begin(self) -> Signer:
        signer = draft_log_key(self._database.folder)
        packed, checkpoint = _head(Frontier(), [signer])
        with self.writing() as connection:
            connection.execute(insert(_HEAD).values(id=1, size=0, frontier=packed, checkpoint=checkpoint))
        adopt_draft(self._database.folder)
        return signer


def _begun(connection: Connection) -> _Draft | None:
    """From the head in the database; None where there is none, since the log is being begun."""
    raw = driver(connection)
    head = raw.execute(_READ_HEAD).fetchone()
    if head is None:
        return None
    size, frontier, last_time = head
    return _Draft(
        connection=connection,
        driver=raw,
        frontier=Frontier.unpack(size, frontier),
        last_time=None if last_time is None else parse_time(last_time),
    )


def _append(draft: _Draft, moment: datetime, kind: EntryKind, body: Body) -> AuditEntry:
    """Writes an entry, and brings the draft there. Raises EntryInvalidError, before anything is written."""
    body = _with_via(body)
    index, written, answer = draft.frontier.size, format_time(moment), answered(kind, body)
    data = encode(written, kind, body)
    hashed = leaf_hash(data)
    grown, completed = draft.frontier.grow(hashed)
    draft.driver.execute(_WRITE_ENTRY, (index, written, kind.value, answer, data, hashed))
    for level, root in enumerate(completed[HEIGHT::HEIGHT], start=1):  # those that fill a tile
        draft.driver.execute(_WRITE_HASH, (level, index >> HEIGHT * level, root))
    draft.frontier, draft.last_time, draft.written_time = grown, moment, written
    return AuditEntry(index=index, version=NEWEST, time=moment, kind=kind, body=body, data=data)


def _with_via(body: Body) -> Body:
    """The body with the session or token that its actor used."""
    actor = body.get("actor")
    return {**body, "via": actor.via} if isinstance(actor, Actor) and actor.via is not None else body


def _head(frontier: Frontier, signers: Sequence[Signer]) -> tuple[bytes, str]:
    """The packed frontier of a log that has come so far, and its note, signed by all of them; they have one name."""
    packed, root = frontier.pack(), frontier.root()
    return packed, sign_note(Checkpoint(origin=signers[0].name, size=frontier.size, root=root).text, *signers)


def _signed_by(checkpoint: str, signers: Sequence[Signer]) -> bool:
    try:
        open_note(checkpoint, [signer.verifier for signer in signers])
    except NoteError:
        return False
    return True
