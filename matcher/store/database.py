"""The data folder and its SQLite database. One process has it, and one thread at a time writes.

A transaction is durable when `writing` returns.

Invariant: only the writer's connection ever writes or checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a WAL that two
connections write or checkpoint at once.
"""

import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Self

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matcher.folder.errors import DataFolderError
from matcher.folder.lock import lock_folder
from matcher.folder.whole_file import sync_folder, write_whole
from matcher.store.engine import driver, reading_engine, writing_engine
from matcher.store.errors import StoreBusyError, StoreClosedError, StoreFailedError, failed, io_failure, store_error
from matcher.store.revision import outdated
from matcher.store.upgrade_copy import keep_copy, overwrite_copies

DATABASE_FILE = "clearglass.sqlite3"
FAILURE_FILE = "disk-failed"
"""This file records a disk error in writing the database, so that later starts know of it."""

_LOG = logging.getLogger(__name__)

_CHECKPOINT_SECONDS = 0.1
"""The longest time that one attempt to empty the write-ahead log waits for readers. Other writers wait meanwhile."""


class Database:
    """The open database of one data folder. Safe to use from several threads.

    Writers take turns in the order of their arrival: under load a `threading.Lock` can make a thread wait for ever.
    """

    def __init__(self, folder: Path, *, lock: int | None, busy_seconds: float) -> None:
        """Use `open` or `open_read_only`."""
        self.folder = folder
        self._lock = lock
        self._busy_seconds = busy_seconds
        self._mutex = Lock()
        self._taken = False
        self._waiting: deque[Future[None]] = deque()
        """The writers that wait for their turn. This and `_taken` are changed only while the mutex is held."""
        self._failed: str | None = None
        self._closed = False
        path = folder / DATABASE_FILE
        self._readers = reading_engine(path, mode="ro" if lock is None else "rw", busy_seconds=busy_seconds)
        self._writer: Connection | None = None
        """The writer's connection, opened once: to take it from a pool takes longer than a short transaction."""
        if lock is not None:
            with self._translated(writing=True):
                self._writer = writing_engine(path, busy_seconds=busy_seconds).connect()

    @classmethod
    def open(cls, folder: Path, *, busy_seconds: float = 5.0) -> Self:
        """Opens the folder for this process alone. Creates it (mode 0700) if it is missing, and migrates its tables.

        Tables of an older version are copied first (`matcher.store.upgrade_copy`). busy_seconds: how long to wait for
        another process's lock or another thread's transaction. Raises DataFolderError, DataFolderInUseError,
        FolderOpenError, SchemaTooNewError, StoreError.
        """
        from matcher.store.migration import migrate

        lock = lock_folder(folder)
        try:
            # SQLite gives its WAL and shared memory the mode of the database.
            (folder / DATABASE_FILE).touch(mode=0o600)
            database = cls(folder, lock=lock, busy_seconds=busy_seconds)
        except BaseException:
            os.close(lock)
            raise
        try:
            database._keep_copy()
            with database.writing() as connection:
                migrate(connection)
            # The last run may have left pages in the WAL, also erased data: they are moved into the file now.
            database.truncate_wal()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_read_only(cls, folder: Path, *, busy_seconds: float = 5.0) -> Self:
        """Opens the folder for reading, also while a service has it open. Nothing is migrated.

        Raises DataFolderError if there is no database or an older one; SchemaTooNewError, StoreError.
        """
        from matcher.store.revision import require_current

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

    def overwrite_erased(self) -> bool:
        """Removes deleted data from the disk: from the copies that upgrades left, and from the write-ahead log.

        Returns and raises as `truncate_wal` does. Also raises StoreBusyError if a copy cannot be overwritten.
        """
        try:
            overwrite_copies(self.folder / DATABASE_FILE)
        except OSError as error:
            raise StoreBusyError(
                f"A copy of the database cannot be overwritten: {error.strerror}.",
                remedy="Make it writable, or remove it.",
            ) from error
        return self.truncate_wal()

    def _keep_copy(self) -> None:
        """Copies the database if its tables are of an older version.

        Raises SchemaTooNewError, StoreError, DataFolderError.
        """
        with self.reading() as connection:
            revision = outdated(connection)
        if revision is None:
            return
        try:
            # An error here is no write error of the database, which is unchanged.
            with self._turn() as writer, self._translated(writing=False):
                copy = keep_copy(driver(writer), self.folder / DATABASE_FILE, revision=revision)
        except OSError as error:
            raise DataFolderError(
                f"The database is of an older version and could not be copied, so it was left as it is: {error}.",
                remedy="Make room for a second copy of it in the data folder, and start again.",
            ) from error
        _LOG.warning("The data folder is of an older version. A copy of its database is kept: %s.", copy.name)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Runs the block in one transaction: committed and on the disk when it ends, rolled back if it raises.

        Raises StoreBusyError, StoreFullError, StoreBrokenError, DataFolderError; StoreFailedError after the first I/O
        error, until the process is restarted; StoreClosedError after `close`.
        """
        with self._turn() as writer:
            try:
                with self._translated(writing=True), writer.begin():
                    yield writer
            finally:
                # An interrupt may have occurred between the begin of the transaction and the block.
                if writer.in_transaction():
                    writer.rollback()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Gives one consistent view of all data committed before. Keep the block short: `truncate_wal` waits for it."""
        if self._closed:
            raise _closed()
        with self._translated(writing=False), self._readers.begin() as connection:
            yield connection

    def truncate_wal(self) -> bool:
        """Moves the write-ahead log into the database file and empties it, so that neither holds erased data.

        Returns False if readers prevented it for `busy_seconds`. Between attempts other writers take their turns.
        Raises as `writing` does.
        """
        until = time.monotonic() + self._busy_seconds
        while not self._checkpointed():
            if time.monotonic() >= until:
                return False
            time.sleep(_CHECKPOINT_SECONDS)
        return True

    @property
    def waiting(self) -> int:
        """The number of writers that wait for their turn."""
        return len(self._waiting)

    @property
    def failure(self) -> str | None:
        """SQLite's name of the first I/O error, after which nothing is written; None if there was none."""
        return self._failed

    @property
    def failed_before(self) -> str | None:
        """The `failure` of this or an earlier run, until `trust_again`: data written in that run may be incomplete."""
        try:
            return (self.folder / FAILURE_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def trust_again(self) -> None:
        """Forgets `failed_before`. Call it after a check has shown that the data is complete."""
        (self.folder / FAILURE_FILE).unlink(missing_ok=True)
        sync_folder(self.folder)

    def close(self) -> None:
        """Waits for the running transaction, closes every connection and unlocks the folder. Safe to call twice.

        Later calls of `writing` and `reading` raise StoreClosedError. If the transaction lasts longer than
        `busy_seconds`, the folder stays locked until `close` is called again or the process ends.
        """
        in_turn = self._take_turn()
        self._closed = True
        self._readers.dispose()
        if not in_turn:
            return
        try:
            if self._writer is not None:
                # The writer is closed last: the last connection to close checkpoints, and only the writer may.
                self._writer.close()
                self._writer.engine.dispose()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
        finally:
            self._pass_turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        """Waits for this thread's turn, and gives the writer's connection for the block."""
        if self._writer is None:
            raise StoreFailedError("The data folder was opened for reading only.", remedy="Open it for writing.")
        if not self._take_turn():
            raise StoreBusyError("Other work is writing to the database.", remedy="Try again in a moment.")
        try:
            if self._closed:
                raise _closed()
            if self._failed is not None:
                raise failed(self._failed)
            yield self._writer
        finally:
            self._pass_turn()

    def _take_turn(self) -> bool:
        """Waits for this thread's turn, at most `busy_seconds`. Returns False if it did not come."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            place: Future[None] = Future()
            self._waiting.append(place)
        try:
            place.result(self._busy_seconds)
        except BaseException as error:  # the timeout, or an interrupt
            came = not self._leave(place)
            if isinstance(error, TimeoutError):
                return came
            if came:
                self._pass_turn()
            raise
        return True

    def _pass_turn(self) -> None:
        """Gives the turn to the thread that has waited longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set_result(None)
            else:
                self._taken = False

    def _leave(self, place: Future[None]) -> bool:
        """Removes the place from those that wait. Returns False if its turn came just before."""
        with self._mutex:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True

    def _checkpointed(self) -> bool:
        """Tries once to empty the write-ahead log. Returns False if a reader prevented it."""
        with self._turn() as writer, self._translated(writing=True):
            # The driver's connection is in autocommit mode: a checkpoint cannot run inside a transaction.
            raw = driver(writer)
            timeout = raw.execute("PRAGMA busy_timeout").fetchone()[0]
            raw.execute(f"PRAGMA busy_timeout={int(_CHECKPOINT_SECONDS * 1000)}")
            try:
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.execute(f"PRAGMA busy_timeout={timeout}")
            return not busy

    @contextmanager
    def _translated(self, *, writing: bool) -> Iterator[None]:
        """Replaces the driver's errors by ours. Only a writer's I/O error prevents all later writing."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            reason = io_failure(error) if writing else None
            if reason is not None:
                self._failed = reason
                with suppress(OSError):  # the failed disk may refuse this file too
                    write_whole(self.folder / FAILURE_FILE, reason.encode())
                raise failed(reason) from error
            translated = store_error(error)
            if translated is None:
                raise
            raise translated from error


def _closed() -> StoreClosedError:
    return StoreClosedError("The data folder is closed: the service is stopping.", remedy="Start it again.")
