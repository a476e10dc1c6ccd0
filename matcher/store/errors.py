"""What can go wrong below the tables, and how SQLite's own codes become our errors."""

import sqlite3
from typing import ClassVar

from sqlalchemy.exc import DBAPIError

from matcher.errors import ClearglassError
from matcher.folder.errors import DataFolderError


class StoreError(ClearglassError):
    """Anything that kept the database from reading or writing."""

    code: ClassVar[str] = "store_error"


class StoreBusyError(StoreError):
    """Somebody else holds the database's lock."""

    code: ClassVar[str] = "store_busy"


class StoreFullError(StoreError):
    """No room is left on the disk."""

    code: ClassVar[str] = "store_full"


class StoreFailedError(StoreError):
    """The disk failed. After an fsync that failed nobody knows what was kept: every later write is refused."""

    code: ClassVar[str] = "store_failed"


class StoreBrokenError(StoreError):
    """The file is no SQLite database, or a damaged one."""

    code: ClassVar[str] = "store_broken"


class StoreClosedError(StoreError):
    """The data folder was given back; nothing is read or written any more."""

    code: ClassVar[str] = "store_closed"


class DatabaseUnusableError(StoreError, DataFolderError):
    """The database's file cannot be opened or written."""

    code: ClassVar[str] = "database_unusable"


class SchemaTooNewError(StoreError):
    """A newer Clearglass wrote this data folder."""

    code: ClassVar[str] = "schema_too_new"


_NO_ROOM = "SQLITE_IOERR_SHMSIZE"
"""A full disk has no room for the memory that connections share, which holds nothing that is kept."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNUSABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


def store_error(error: DBAPIError | sqlite3.Error) -> StoreError | None:
    """Our error for one of the driver's; None for what is no fault of the store (a broken constraint, wrong SQL)."""
    code, name = _code(error)
    if code in _BUSY:
        return StoreBusyError(
            "The database is locked by another program.",
            remedy="Close other programs that have the data folder's database open, then try again.",
        )
    if code == sqlite3.SQLITE_FULL or name == _NO_ROOM:
        return StoreFullError(
            "The disk that holds the data folder is full.", remedy="Free some room there, then try again."
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreFailedError(
            f"The disk that holds the data folder failed ({name}).", remedy="Check the disk, then try again."
        )
    if code in _UNUSABLE:
        return DatabaseUnusableError(
            f"The database in the data folder cannot be opened or written ({name}).",
            remedy="Check who owns its files, that its disk is writable, and how many files may be open (ulimit -n).",
        )
    if code in _BROKEN:
        return StoreBrokenError(
            f"The database in the data folder is damaged or no database at all ({name}).",
            remedy="Stop the service and put a backup of the data folder in its place.",
        )
    return None


def io_failure(error: DBAPIError | sqlite3.Error) -> str | None:
    """SQLite's name of an I/O error; None for any other error."""
    code, name = _code(error)
    return name if code == sqlite3.SQLITE_IOERR and name != _NO_ROOM else None


def failed(reason: str) -> StoreFailedError:
    """The fail-stop error, with SQLite's name for what happened."""
    return StoreFailedError(
        f"The disk that holds the data folder failed ({reason}); nothing more is written.",
        remedy="Check the disk, then start the service again: it checks the whole log before it does anything.",
    )


def _code(error: DBAPIError | sqlite3.Error) -> tuple[int, str]:
    """SQLite's primary result code, and the name of the extended one."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    # The low byte is the primary code, whatever the extended one says (sqlite.org/rescode.html).
    return getattr(orig, "sqlite_errorcode", 0) & 0xFF, getattr(orig, "sqlite_errorname", "unknown")
