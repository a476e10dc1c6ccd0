"""A command's output: JSON or tables on standard output, progress and errors on standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from matcher.errors import ClearglassError
from matcher.plain_text import is_shown

Row = Mapping[str, Any]


class Advance(Protocol):
    """Called during long work with the amount done and the total."""

    def __call__(self, done: int, total: int) -> None:
        """Shows the new position."""
        ...


def show(rows: Sequence[Row], *, as_json: bool, title: str, empty: str) -> None:
    """Prints records: as a JSON array, or as a table whose columns are the first record's keys."""
    if as_json:
        print(json.dumps(list(rows), default=str, indent=2))
        return
    console = Console()
    if not rows:
        console.print(empty)
        return
    table = Table(title=title, title_justify="left")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_plain(value) for value in row.values()))
    console.print(table)


def _plain(value: object) -> Text:
    """A value as plain text, since anyone may have written it: without markup and control sequences."""
    text = "" if value is None else str(value)
    return Text("".join(letter if letter == "\n" or is_shown(letter) else "\ufffd" for letter in text))


def tell(record: Row, *, as_json: bool, sentence: str) -> None:
    """Prints one result: as a JSON object, or as a sentence."""
    if as_json:
        print(json.dumps(dict(record), default=str, indent=2), flush=True)
    else:
        Console().print(sentence, highlight=False, soft_wrap=True)


def warn(message: str, remedy: str) -> None:
    """Prints a remark beside a result."""
    Console().print(_plain(f"! {message} {remedy}"), style="yellow", soft_wrap=True)


def warn_all(warnings: Iterable[Row]) -> None:
    """Prints an answer's warnings, or other things of it with a message and a remedy."""
    for warning in warnings:
        warn(warning["message"], warning["remedy"])


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 picture", "2 pictures"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def complain(error: ClearglassError, *, as_json: bool) -> None:
    """Prints an error in the API's form: code, message, remedy."""
    if as_json:
        # The API's own errors have this form already, some with more fields.
        form = getattr(error, "form", {"code": error.code, "message": error.message, "remedy": error.remedy})
        print(json.dumps({"error": form}, indent=2))
        return
    console = Console(stderr=True)
    console.print("[bold red]Error:[/] ", end="")
    console.print(error.message, markup=False, highlight=False)
    if error.remedy:
        console.print(f"→ {error.remedy}", markup=False, highlight=False)


def minute(moment: str | None) -> str:
    """A moment of an answer for people, in UTC; empty for None."""
    return "" if moment is None else f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M}"


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A progress bar on standard error, where that is a terminal; silence elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield advance
