"""The lock that keeps a data folder to one process."""

import fcntl
import os
from pathlib import Path

from matcher.store.errors import DataFolderError, DataFolderInUseError

LOCK_FILE = "lock"


def lock_folder(folder: Path) -> int:
    """Makes the folder and takes its lock; the descriptor holds it until it is closed or the process dies.

    Raises DataFolderError, DataFolderInUseError.
    """
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
