"""A log that a command is given: the data folder's own, an export, or one that is served. And the pages made of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from matcher.tlog.publication import Publication

Log = Annotated[
    str | None,
    typer.Argument(
        metavar="[EXPORT]",
        help="A log that was exported, or the address it is served at; without it, the data folder's.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="CLEARGLASS_TOKEN", help="Of a served log: a token of somebody who may read it."),
]
Page = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as a page (HTML) as well.")
]


@contextmanager
def any_log(data: Path, log: str | None, token: str | None) -> Iterator["Publication"]:
    """The published log that is named, or the data folder's where none is."""
    from matcher.log.stored_publication import StoredPublication
    from matcher.store.database import Database

    if log is not None:
        with published_log(log, token) as publication:
            yield publication
    else:
        with Database.open_read_only(data) as database:
            yield StoredPublication(database)


@contextmanager
def published_log(log: str, token: str | None) -> Iterator["Publication"]:
    """The log in a folder, or served at an address."""
    from matcher.tlog.export import ExportedLog
    from matcher.tlog.served import served_log

    if log.startswith(("http://", "https://")):
        with served_log(log, token) as served:
            yield served
    else:
        yield ExportedLog(Path(log))


def write_file(path: Path, text: str, *, option: str) -> None:
    """Writes what a command was asked to write; a wrong call if that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint=option) from error
