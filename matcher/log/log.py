"""The audit log: a Merkle log in the database. An entry is durable and signed for when `append`'s transaction ends.

Entries, the tree's frontier, the last time and the signed checkpoint change in one transaction: what an entry tells of
and the entry itself are kept both or neither. Callers who come while one is written share the next transaction.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Connection, Row, func, insert, select

from matcher.clock import Clock
from matcher.log.actor import with_via
from matcher.log.beginning import require_unbegun
from matcher.log.clock_state import RESUME, ClockState
from matcher.log.draft import Draft, checkpoint_of
from matcher.log.entry import AuditEntry, EntryKind, answered
from matcher.log.errors import ClockError, ClockSoundError, EntryUnknownError, LogKeyError, LogUnavailableError
from matcher.log.key import adopt_draft, draft_log_key, read_draft, read_log_keys, replace_log_keys
from matcher.log.version import Body
from matcher.metrics import MatcherMetrics
from matcher.store import tables
from matcher.store.database import Database
from matcher.store.errors import StoreError
from matcher.timestamp import format_time
from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import Frontier
from matcher.tlog.note import Signer, open_note

T = TypeVar("T")

_ENTRY = tables.audit_entry
_HEAD = tables.log_head
_LEAF = select(_ENTRY.c.index.label("number"), _ENTRY.c.data)


class AuditLog:
    """The log of one data folder. Safe to use from several threads."""

    def __init__(self, database: Database, *, clock: Clock, metrics: MatcherMetrics | None = None) -> None:
        """Begins the log if the data folder has none. Raises LogKeyError if its key is gone or another,
        LogTruncatedError if the folder had a log whose head is gone."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._draft: Draft | None = None
        self.transactions = 0
        """How many added entries since the log was opened; fewer than entries where callers shared them."""
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
                self._current_or_new(connection)
                yield connection
                self._sign(connection)
        except StoreError as error:
            raise self._unavailable(error) from error
        self._observe(began)

    def together(self, work: Callable[[Connection], T]) -> T:
        """As `writing`, for work that may share its transaction, and its wait for the disk, with others'.

        Gives what `work` gave, when that is durable. Work that raises leaves nothing behind, and undoes no other's.
        """

        def drafted(connection: Connection) -> T:
            before = self._current_or_new(connection)
            try:
                return work(connection)
            except BaseException:
                self._draft = before
                raise

        began = time.perf_counter()
        try:
            value = self._database.together(drafted, last=self._sign)
        except StoreError as error:
            raise self._unavailable(error) from error
        self._observe(began)
        return value

    def append(self, connection: Connection, kind: EntryKind, body: Body) -> AuditEntry:
        """Adds an entry inside a transaction of `writing` or `together`, which ends with the head that is its.

        Raises ClockError when the clock stands before the last entry (beyond CLOCK_TOLERANCE), EntryInvalidError.
        """
        draft = self._current(connection)
        if draft is None:
            raise ValueError("an entry outside the log's own transactions")
        self._draft, entry = draft.append(connection, self._moment(draft.last_time), kind, with_via(body))
        return entry

    def record(self, kind: EntryKind, body: Body) -> AuditEntry:
        """Adds an entry; it may share its transaction. Raises LogUnavailableError, and as `append` does."""
        return self.together(lambda connection: self.append(connection, kind, body))

    def moment(self, connection: Connection) -> datetime:
        """The time that an entry appended now would get, for what is written beside it. Raises ClockError."""
        draft = self._current(connection)
        if draft is None:
            return self._moment(connection.execute(select(_HEAD.c.last_time)).scalar_one())
        return self._moment(draft.last_time)

    def clock_state(self) -> ClockState:
        """How the clock stands to the last entry: where it does not fit, nothing is logged."""
        with self._database.reading() as connection:
            return ClockState(now=self._clock(), last=connection.execute(select(_HEAD.c.last_time)).scalar_one())

    def resume(self, connection: Connection, *, actor: str) -> AuditEntry:
        """Goes on where the clock stands, after one that ran ahead: as `append`, of an entry that may be earlier than
        the one before it. An administrator has made sure that the clock is right now. Raises ClockSoundError."""
        draft, now = self._current(connection), self._clock()
        if draft is None:
            raise ValueError("an entry outside the log's own transactions")
        last = draft.last_time
        if last is None or ClockState(now=now, last=last).fits:
            raise ClockSoundError
        body = {"last_time": format_time(last), "actor": actor}
        self._draft, entry = draft.append(connection, now, EntryKind.CLOCK, with_via(body))
        return entry

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

    def close_interrupted(self) -> int:
        """Ends every request that the last run left without an outcome with a failure entry; how many there were.

        To be called before this run's own start entry: each run looks back no further than to the one before it.
        """
        answer = _ENTRY.alias()
        with self.writing() as connection:
            last_start = connection.execute(
                select(func.max(_ENTRY.c.index)).where(_ENTRY.c.kind == EntryKind.START.value)
            ).scalar()
            open_requests = connection.execute(
                select(_ENTRY.c.index)
                .where(
                    _ENTRY.c.kind == EntryKind.REQUEST.value,
                    _ENTRY.c.index > (-1 if last_start is None else last_start),
                )
                .where(~select(answer.c.index).where(answer.c.request_index == _ENTRY.c.index).exists())
                .order_by(_ENTRY.c.index)
            ).scalars()
            indexes = list(open_requests)
            for index in indexes:
                self.append(connection, EntryKind.FAILURE, {"request": index, "code": "interrupted"})
        return len(indexes)

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
        """Ends what was begun when a change of keys was cut off. To be called before anything else is logged."""
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

    def _current(self, connection: Connection) -> Draft | None:
        """The draft of this connection's transaction; None if it is none of the log's."""
        draft = self._draft
        return draft if draft is not None and draft.transaction is connection.get_transaction() else None

    def _current_or_new(self, connection: Connection) -> Draft | None:
        """The draft of this transaction, begun if it has none yet."""
        self._draft = self._current(connection) or Draft.begin(connection)
        return self._draft

    def _sign(self, connection: Connection) -> None:
        """Ends a transaction."""
        draft, self._draft = self._current(connection), None
        if draft is None or not draft.end(connection, self._signers):
            return
        self.transactions += 1
        if self._metrics is not None:
            self._metrics.log_entries.set(draft.frontier.size)

    def _moment(self, last: datetime | None) -> datetime:
        state = ClockState(now=self._clock(), last=last)
        if state.fits:
            return state.moment
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
        with self.writing() as connection:
            connection.execute(
                insert(_HEAD).values(id=1, size=0, frontier=b"", checkpoint=checkpoint_of(Frontier(), [signer]))
            )
        adopt_draft(self._database.folder)
        return signer


def _signed_by(checkpoint: str, signers: Sequence[Signer]) -> bool:
    try:
        open_note(checkpoint, [signer.verifier for signer in signers])
    except NoteError:
        return False
    return True


def _entry(row: Row[int, bytes]) -> AuditEntry:
    return AuditEntry.of(row.number, row.data)
