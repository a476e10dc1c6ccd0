"""`python -m benchmarks report`: every record of a folder as one self-contained page.

Its pictures and tables are inside the page, and it loads nothing from other hosts.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmarks.accuracy.wording import NOTHING_CLAIMED
from benchmarks.datasets.registry import DATASETS
from benchmarks.harness.benchmark import Table
from benchmarks.harness.errors import RecordError
from benchmarks.harness.table_file import csv_name, csv_text
from benchmarks.running.catalogue import load, names
from benchmarks.running.glossary import GLOSSARY
from benchmarks.running.questions import question
from benchmarks.running.record import Record, read_record
from benchmarks.running.runner import OURS

Key = TypeVar("Key")

PAGE = "report.html"

LARGEST_SVG = 400_000
"""Bytes; beyond this a picture goes into the page as pixels."""

_TERMS = {entry.term.lower(): entry.anchor for entry in GLOSSARY}
_TERM = re.compile(
    rf"(?<![\w-])({'|'.join(re.escape(term) for term in sorted(_TERMS, key=len, reverse=True))})(?![\w-])",
    re.IGNORECASE,
)
_INTERVAL = re.compile(r"(\[[^\[\]]*, [^\[\]]*\])")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One plot inside the page. name: of its file. source: a data URL."""

    name: str
    source: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A benchmark of the catalogue without a record."""

    benchmark: str
    question: str


def write_report(folder: Path, made_at: datetime | None = None) -> Path:
    """Writes the page for the records of `folder` into it, and returns its path. made_at: now, unless told.

    Raises RecordError, which names the file, for a JSON file that is no record of this version, for a picture that is
    not there, and for a folder without any record.
    """
    records = read_records(folder)
    path = folder / PAGE
    path.write_text(report_page(records, folder, made_at or datetime.now(UTC)), encoding="utf-8")
    return path


def read_records(folder: Path) -> list[Record]:
    """Those of `folder`, in the catalogue's order, other data sets behind. Raises RecordError, as `write_report`."""
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise RecordError(
            f"There is no record in {folder}.", remedy="Run a benchmark with the same --out first: `list` names them."
        )
    order = (*names(), *DATASETS, *(record.benchmark for record in records))
    return sorted(records, key=lambda record: order.index(record.benchmark))


def report_page(records: Sequence[Record], folder: Path, made_at: datetime) -> str:
    """The page. folder: where the records' pictures are."""
    environment = Environment(
        loader=PackageLoader("benchmarks", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"linked": _linked, "rates": _rates, "csv": _csv_url, "sides": _sides, "duration": _duration}
    measured = {record.benchmark for record in records}
    return environment.get_template(PAGE).render(
        records=records,
        pictures={record.benchmark: list(_pictures(record, folder)) for record in records},
        questions={record.benchmark: question(record.benchmark) or f"{record.summary}." for record in records},
        missing=[Missing(benchmark=name, question=_asked(name)) for name in names() if name not in measured],
        machines=_shared((record.machine, record.benchmark) for record in records),
        models=_shared((model, record.benchmark) for record in records for model in record.models),
        several_models=len({dict(record.models).get(OURS) for record in records}) > 1,
        glossary=GLOSSARY,
        nothing_claimed=NOTHING_CLAIMED,
        csv_name=csv_name,
        made_at=made_at,
    )


def _asked(benchmark: str) -> str:
    return question(benchmark) or f"{load(benchmark).summary}."


def _shared(pairs: Iterable[tuple[Key, str]]) -> Mapping[Key, list[str]]:
    """The benchmarks that share a value."""
    found: dict[Key, list[str]] = {}
    for key, benchmark in pairs:
        found.setdefault(key, []).append(benchmark)
    return found


def _pictures(record: Record, folder: Path) -> Iterable[Picture]:
    for file, caption in record.plots.items():
        png, svg = folder / file, (folder / file).with_suffix(".svg")
        chosen, kind = (svg, "svg+xml") if svg.is_file() and svg.stat().st_size <= LARGEST_SVG else (png, "png")
        try:
            content = b64encode(chosen.read_bytes()).decode()
        except OSError as error:
            raise RecordError(
                f"{file}, a picture of {record.benchmark}.json, cannot be read.", remedy="Run its benchmark again."
            ) from error
        yield Picture(name=file.removesuffix(".png"), source=f"data:image/{kind};base64,{content}", caption=caption)


def _linked(text: str) -> Markup:
    """The text, each term of the glossary a link to it where it is first used."""
    seen: set[str] = set()

    def link(found: re.Match[str]) -> str:
        term = found[0].lower()
        if term in seen:
            return found[0]
        seen.add(term)
        return f'<a class="term" href="#{_TERMS[term]}">{found[0]}</a>'

    # Only what was escaped is searched, and no term has a character that escaping makes.
    return Markup(_TERM.sub(link, str(escape(text))))  # noqa: S704


def _rates(text: str) -> Markup:
    """A cell, its intervals in a type of their own."""
    return Markup(_INTERVAL.sub(r'<span class="interval">\1</span>', str(escape(text))))  # noqa: S704


def _sides(table: Table) -> list[Markup]:
    """What each column's cells are marked with: columns of numbers stand to the right, but never the first."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    numbers = [
        place > 0 and sum(map(_begins_as_number, cells)) * 2 >= len(cells) for place, cells in enumerate(columns)
    ]
    return [Markup(' class="number"') if number else Markup("") for number in numbers]


def _begins_as_number(cell: str) -> bool:
    return re.match(r"\W*\d|$", cell) is not None or cell.startswith(NOTHING_CLAIMED)


def _csv_url(table: Table) -> str:
    return f"data:text/csv;charset=utf-8;base64,{b64encode(csv_text(table.columns, table.rows).encode()).decode()}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
