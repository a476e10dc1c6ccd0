"""The log that a command reads: the data folder's own, an export, or a served one; and the pages made from it."""

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
        help="The folder of an exported log, or the address of a served one; without it, the data folder's log.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="CLEARGLASS_TOKEN", help="For a served log: a token of an account that may read it."
    ),
]
Page = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as a page (HTML) as well.")
]


@contextmanager
def any_log(data: Path, log: str | None, token: str | None) -> Iterator["Publication"]:
    """The named log, or the data folder's if none is named."""
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
    """Writes a command's file; a wrong call if that fails."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint=option) from error
