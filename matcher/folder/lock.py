"""The lock that lets one process use a data folder, and the lock for files that other processes write there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matcher.folder.errors import DataFolderError, DataFolderInUseError
from matcher.folder.privacy import make_private, require_private

LOCK_FILE = "lock"


def lock_folder(folder: Path) -> int:
    """Makes the folder and takes its lock; the descriptor holds it until it is closed or the process dies.

    Raises DataFolderError, DataFolderInUseError, FolderOpenError.
    """
    try:
        make_private(folder)
        require_private(folder)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DataFolderInUseError(
            f"Another Clearglass process is using the data folder {folder}.",
            remedy="A command goes through the service once that has started: wait for that. A second service "
            "needs a folder of its own.",
        ) from error
    return descriptor


@contextmanager
def folder_turn(folder: Path) -> Iterator[None]:
    """Makes the folder, and waits for the lock on files that are changed beside the process that holds the folder. The
    folder itself is locked, so that no lock file stays behind. Raises DataFolderError.
    """
    try:
        make_private(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise _unusable(folder, error) from error
        yield
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> DataFolderError:
    return DataFolderError(
        f"The data folder {folder} cannot be used: {error.strerror}.",
        remedy="Choose a folder on a local disk that this account may write to.",
    )
