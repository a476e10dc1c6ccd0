"""The Unix socket in the data folder, by which commands reach the service that runs on it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final

from matcher.errors import ClearglassError

NAME: Final = "commands.sock"

_BACKLOG: Final = 128
_LONGEST: Final = 100
"""Bytes of a socket's path: 108 are the kernel's limit (unix(7)), on other systems a few less."""


class CommandSocketError(ClearglassError):
    """The data folder cannot hold the socket."""

    code: ClassVar[str] = "command_socket"


@contextmanager
def listening(folder: Path) -> Iterator[socket.socket]:
    """The socket, while the block runs. The caller holds the folder's lock, so an existing socket is a leftover of a
    killed service, and is replaced. Raises: CommandSocketError."""
    path = folder / NAME
    with _short(folder) as short, socket.socket(socket.AF_UNIX) as listener:
        try:
            path.unlink(missing_ok=True)
            listener.bind(f"{short}/{NAME}")
            path.chmod(0o600)  # no client connects before it listens
            listener.listen(_BACKLOG)
        except OSError as error:
            raise CommandSocketError(
                f"The commands' socket {path} cannot be created: {error.strerror}.",
                remedy="Keep the data folder on a local file system, in a folder that the service may write to.",
            ) from error
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def served_path(folder: Path) -> Iterator[str | None]:
    """The path of the running service's socket, while the block runs; None if none runs."""
    with _short(folder) as short:
        path = f"{short}/{NAME}"
        yield path if _answers(path) else None


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(path)
        except OSError:
            return False
        return True


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A path to the folder that is short enough for the socket's name."""
    path = str(folder.absolute())
    if len(os.fsencode(path)) + len(NAME) < _LONGEST or not folder.is_dir():
        yield path
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}"
    finally:
        os.close(opened)
