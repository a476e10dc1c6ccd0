"""`benchmarks/RESULTS.md`: every stored record for people. It is generated from the records, never edited by hand."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.running.catalogue import names
from benchmarks.running.record import read_raw
from benchmarks.running.runner import TARGET_COLUMNS

FOLDER = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).parents[1] / "RESULTS.md"

_HEAD = """# Results

Made by `python -m benchmarks results` from the records in [results](results); each section is one run of the command it
names. Times are of the machine described there, shared with others: ratios of one run tell more than its times.
"""


def keep(out: Path, folder: Path = FOLDER) -> tuple[str, ...]:
    """Copies the records of whole runs, and their plots, from `out` to `folder`; the names of the benchmarks kept.

    Quick runs are left where they are. Raises RecordError for a record that is none.
    """
    kept = []
    folder.mkdir(exist_ok=True)
    for path in sorted(out.glob("*.json")):
        record = read_raw(path)
        if record["benchmark"] not in names() or record["quick"]:
            continue
        for file in (path.name, *record["plots"]):
            shutil.copyfile(out / file, folder / file)
        kept.append(record["benchmark"])
    return tuple(kept)


def render(folder: Path = FOLDER) -> str:
    """The page for the records in `folder`, in the catalogue's order. Raises RecordError for a record that is none."""
    paths = [folder / f"{name}.json" for name in names()]
    sections = [_section(read_raw(path), folder.name) for path in paths if path.is_file()]
    return "\n".join([_HEAD, *sections])


def _section(record: Mapping[str, Any], folder: str) -> str:
    machine = record["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items() if version)
    parts = [
        f"## {record['benchmark']}",
        f"{record['summary']}.",
        f"`python -m benchmarks {record['benchmark']}`, {record['started_at'][:10]}, {record['seconds']:.0f} s, on "
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_bytes'] / 2**30:.0f} GiB; "
        f"Python {machine['python']}, {libraries}.",
        *_targets(record["targets"]),
        *(_table(table["title"], table["columns"], table["rows"]) for table in record["tables"]),
        *(f"![{plot.removesuffix('.png')}]({folder}/{plot})" for plot in record["plots"]),
    ]
    return "\n\n".join(parts) + "\n"


def _targets(targets: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    rows = [[one["aim"], one["measured"], "yes" if one["met"] else "**no**", one["why_not"]] for one in targets]
    if rows:
        yield _table("Targets", TARGET_COLUMNS, rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"**{title}**", "", _row(columns), _row(["---"] + ["---:"] * (len(columns) - 1)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
