"""The data folder and its SQLite database: one process, one writer, durable when `writing` returns.

Invariant: only the writer's connection ever writes or checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a WAL that two
connections write or checkpoint at once.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from matcher.store.errors import (
    DataFolderError,
    DataFolderInUseError,
    StoreBusyError,
    StoreClosedError,
    StoreFailedError,
    failed,
    io_failure,
    store_error,
)
from matcher.store.part import Part
from matcher.store.turns import Errand, Turns

T = TypeVar("T")

DATABASE_FILE = "clearglass.sqlite3"
LOCK_FILE = "lock"
_CHECKPOINT_SECONDS = 0.1
"""How long one attempt to empty the write-ahead log waits for readers, and keeps other writers out."""

_MOST_PARTS = 64
"""How many parts one transaction holds at most."""


class Database:
    """The open database of one data folder. Safe to use from several threads; writers take turns."""

    def __init__(self, folder: Path, *, lock: int | None, busy_seconds: float) -> None:
        """Use `open` or `open_read_only`."""
        self.folder = folder
        self._lock = lock
        self._busy_seconds = busy_seconds
        self._turns = Turns()
        self._failed: str | None = None
        self._closed = False
        path = folder / DATABASE_FILE
        self._readers = _engine(path, mode="ro" if lock is None else "rw", begin="BEGIN", busy_seconds=busy_seconds)
        self._writer = (
            None if lock is None else _engine(path, mode="rwc", begin="BEGIN IMMEDIATE", busy_seconds=busy_seconds)
        )

    @classmethod
    def open(cls, folder: Path, *, busy_seconds: float = 5.0) -> Self:
        """Opens the folder for this process alone, making it (mode 0700) and bringing its tables up to date.

        busy_seconds: how long to wait for a foreign lock or another thread's writing.
        Raises DataFolderError, DataFolderInUseError, SchemaTooNewError, StoreError.
        """
        from matcher.store.migration import migrate

        lock = _lock_folder(folder)
        try:
            # SQLite gives its WAL and shared memory the mode of the database.
            (folder / DATABASE_FILE).touch(mode=0o600)
            database = cls(folder, lock=lock, busy_seconds=busy_seconds)
        except BaseException:
            os.close(lock)
            raise
        try:
            with database.writing() as connection:
                migrate(connection)
            # What the last run left in the WAL, erased pages included, goes into the file now.
            database.truncate_wal()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_read_only(cls, folder: Path, *, busy_seconds: float = 5.0) -> Self:
        """Opens the folder for reading, also while a service has it. Nothing is migrated.

        Raises DataFolderError where there is no database or an older one, SchemaTooNewError, StoreError.
        """
        from matcher.store.migration import require_current

        if not (folder / DATABASE_FILE).is_file():
            raise DataFolderError(
                f"There is no Clearglass database in {folder}.", remedy="Name the right data folder with --data."
            )
        database = cls(folder, lock=None, busy_seconds=busy_seconds)
        try:
            with database.reading() as connection:
                require_current(connection)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed and on the disk when the block ends, rolled back if it raises.

        Raises StoreBusyError, StoreFullError, StoreBrokenError, DataFolderError; StoreFailedError from the first I/O
        error on until the process is started again; StoreClosedError after `close`.
        """
        with self._turn() as writer, self._translated(writing=True), writer.begin() as connection:
            yield connection

    def together(self, work: Callable[[Connection], T], *, last: Callable[[Connection], None]) -> T:
        """Group commit: what `work` gave, when what it wrote is on the disk.

        Who finds the writer at work waits; the first who gets it then runs the work of all who wait, in their order and
        each in a savepoint, in one transaction. A work that raises is rolled back alone, and its caller gets the error.
        last: runs once, before the commit; of a group, only its first caller's. Raises as `writing` and `work` do.
        """
        part = Part(work=work)
        with self._turn(part) as writer:
            if not part.taken:
                # Parts are all that is ever queued as an errand.
                others = cast(list[Part[Any]], self._turns.join(_MOST_PARTS - 1))
                self._run(writer, [part, *others], last)
        return part.result()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of everything that was committed before. Keep it short: it holds up `truncate_wal`."""
        if self._closed:
            raise _closed()
        with self._translated(writing=False), self._readers.begin() as connection:
            yield connection

    def truncate_wal(self) -> bool:
        """Moves the write-ahead log into the database file and empties it, so that erased data is gone from both.

        False if readers were in the way for `busy_seconds`; other writers take their turns meanwhile. Raises as
        `writing` does.
        """
        until = time.monotonic() + self._busy_seconds
        while not self._checkpointed():
            if time.monotonic() >= until:
                return False
            time.sleep(_CHECKPOINT_SECONDS)
        return True

    @property
    def failure(self) -> str | None:
        """SQLite's name of the I/O error after which nothing is written any more; None while all is well."""
        return self._failed

    def close(self) -> None:
        """Waits for the writing under way, closes every connection and gives the folder back. Safe to call twice.

        Who asks for a connection afterwards is refused. If the writing lasts longer than `busy_seconds`, the folder
        stays locked until `close` is called again or the process ends.
        """
        in_turn = self._turns.acquire(self._busy_seconds)
        self._closed = True
        self._readers.dispose()
        if not in_turn:
            return
        try:
            if self._writer is not None:
                # Last: whoever closes last checkpoints, and only the writer may.
                self._writer.dispose()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
        finally:
            self._turns.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, writer: Engine, parts: list[Part[Any]], last: Callable[[Connection], None]) -> None:
        """One transaction of all the parts, the first of them the caller's own."""
        try:
            with self._translated(writing=True), writer.begin() as connection:
                for part in parts:
                    part.run(connection)
                last(connection)
        except BaseException as error:
            for part in parts:
                part.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            for part in parts[1:]:
                part.finish()

    @contextmanager
    def _turn(self, errand: Errand | None = None) -> Iterator[Engine]:
        """The writer, for the one who has the turn. An errand that another took is done; then nobody writes."""
        if self._writer is None:
            raise StoreFailedError("The data folder was opened for reading only.", remedy="Open it for writing.")
        if not self._turns.acquire(self._busy_seconds, errand):
            raise StoreBusyError("Other work is writing to the database.", remedy="Try again in a moment.")
        if errand is not None and errand.taken:
            yield self._writer
            return
        try:
            if self._closed:
                raise _closed()
            if self._failed is not None:
                raise failed(self._failed)
            yield self._writer
        finally:
            self._turns.release()

    def _checkpointed(self) -> bool:
        """One attempt at emptying the write-ahead log; False if a reader was in the way."""
        with self._turn() as writer, self._translated(writing=True), writer.connect() as connection:
            # Autocommit: a checkpoint cannot run inside a transaction.
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - for the type checker
            patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
            raw.execute(f"PRAGMA busy_timeout={int(_CHECKPOINT_SECONDS * 1000)}")
            try:
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.execute(f"PRAGMA busy_timeout={patience}")
            return not busy

    @contextmanager
    def _translated(self, *, writing: bool) -> Iterator[None]:
        """Our errors for the driver's. A writer's I/O error is remembered for good; a reader's harms only itself."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            reason = io_failure(error) if writing else None
            if reason is not None:
                self._failed = reason
                raise failed(reason) from error
            translated = store_error(error)
            if translated is None:
                raise
            raise translated from error


def _closed() -> StoreClosedError:
    return StoreClosedError("The data folder is closed: the service is stopping.", remedy="Start it again.")


def _lock_folder(folder: Path) -> int:
    """Makes the folder and takes its lock; the descriptor holds it until it is closed or the process dies."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderError(
            f"The data folder {folder} cannot be used: {error.strerror}.",
            remedy="Choose a folder on a local disk that this account may write to.",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DataFolderInUseError(
            f"Another Clearglass process is using the data folder {folder}.",
            remedy="Stop it first, or use its API; `clearglass audit` commands work beside it.",
        ) from error
    return descriptor


def _engine(path: Path, *, mode: str, begin: str, busy_seconds: float) -> Engine:
    def connect() -> sqlite3.Connection:
        # No implicit transactions: `begin` below says when and how each starts.
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        writable = mode == "rwc"
        pragmas = ["foreign_keys=ON", "temp_store=MEMORY", "trusted_schema=OFF"]
        pragmas += ["journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"] if writable else ["query_only=ON"]
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    pool_size = 1 if mode == "rwc" else 8
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=pool_size,
        # Readers never wait for one another; the writer is one.
        max_overflow=0 if pool_size == 1 else -1,
        pool_reset_on_return="rollback",
        # Sealed blobs, digests and session tokens are not for tracebacks.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
