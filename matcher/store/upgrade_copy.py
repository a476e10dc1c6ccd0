"""The database as it was before its tables were brought up to date: what one goes back to if that went wrong.

It holds what a withdrawal must destroy, so the next withdrawal overwrites and removes it.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from matcher.folder.whole_file import sync_folder

_BLOCK = 1 << 20


def keep_copy(source: sqlite3.Connection, database: Path, *, revision: str) -> Path:
    """Copies the open database beside its file, whole and on the disk when this returns; gives the copy's path.

    source: in no transaction. database: its file. revision: the tables' revision, which is part of the copy's name.
    Older copies are overwritten and removed, because their tables are of an earlier revision. Raises sqlite3.Error,
    OSError.
    """
    overwrite_copies(database)
    copy = database.with_name(f"{database.name}.at-{revision}")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.replace(copy)
    sync_folder(copy.parent)
    return copy


def copies(database: Path) -> list[Path]:
    """The copies that there are of this database's file, unfinished ones too."""
    return sorted(database.parent.glob(f"{database.name}.at-*"))


def overwrite_copies(database: Path) -> None:
    """Writes zeros over every copy, has them reach the disk, and removes it. Raises OSError."""
    found = copies(database)
    for copy in found:
        with copy.open("r+b") as file:
            left = file.seek(0, os.SEEK_END)
            file.seek(0)
            while left > 0:
                left -= file.write(bytes(min(left, _BLOCK)))
            file.flush()
            os.fsync(file.fileno())
        copy.unlink()
    if found:
        sync_folder(database.parent)
