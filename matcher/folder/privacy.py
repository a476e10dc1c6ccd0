"""Checks that only its owner may read a data folder: whenever a process takes the folder, and in the doctor.

The database contains who was enrolled and when, and a copied key decrypts it: others may have copied what they can
read.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

from matcher.folder.errors import FolderOpenError

_KEYS = ("*.key", "*.key.*")
_DATABASE = "*.sqlite3*"
"""The database's files: SQLite gives those beside it the same mode."""

_OTHERS = 0o077
_STRANGERS = 0o007


def make_private(folder: Path) -> None:
    """Makes the folder for its owner alone; an empty folder that exists gets that mode. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & _OTHERS and not any(folder.iterdir()):
        folder.chmod(0o700)


def require_private(folder: Path) -> None:
    """Raises FolderOpenError, with the command that mends it, where others may enter the folder or read its secrets."""
    wrong = list(_open_to_others(folder))
    if not wrong:
        return
    named = ", ".join(str(path) for path, _ in wrong)
    commands = " && ".join(dict.fromkeys(command for _, command in wrong))
    raise FolderOpenError(
        f"Others on this machine may read or enter what is Clearglass's alone: {named}.",
        remedy=f"Run: {commands}. If the folder is a volume whose mode is not yours to change, name a folder in it by "
        "--data.",
    )


def require_private_key(path: Path) -> None:
    """The same for a key's file elsewhere. Its group may read it, because systemd passes credentials that way. Raises
    FolderOpenError; if the file's mode cannot be read, it passes, and the reader of the file raises.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & _STRANGERS:
        raise FolderOpenError(
            f"Everybody on this machine may read the key {path}.", remedy=f"Run: chmod 600 {shlex.quote(str(path))}"
        )


def _open_to_others(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each path that is open to others, with the command that mends it."""
    place = shlex.quote(str(folder))
    if folder.stat().st_mode & _OTHERS:
        yield folder, f"chmod 700 {place}"
    for path in sorted({path for pattern in _KEYS for path in folder.glob(pattern)}):
        if path.stat().st_mode & _OTHERS:
            yield path, f"chmod 600 {shlex.quote(str(path))}"
    for path in sorted(folder.glob(_DATABASE)):
        if path.stat().st_mode & _OTHERS:
            yield path, f"chmod 600 {place}/{_DATABASE}"
