"""Reads a benchmark's record, `NAME.json`, and validates it."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness.benchmark import Table, Target
from benchmarks.harness.errors import RecordError

WRITTEN_BY_ALL: AbstractSet[str] = frozenset(
    {"benchmark", "summary", "quick", "started_at", "seconds", "machine", "targets", "tables", "plots"}
)
"""What records of every version have."""

_WRITTEN_NOW = WRITTEN_BY_ALL | {"captions", "models", "notes"}

_AGAIN = "Run its benchmark again, or take the file away."


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine of a run; runs on equal machines may be compared by their times."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    libraries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run, with its start in UTC.

    plots: file names beside the record, and their captions. models: hex SHA-256 by name.
    """

    benchmark: str
    summary: str
    quick: bool
    started_at: datetime
    seconds: float
    machine: Machine
    models: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    targets: tuple[Target, ...]
    tables: tuple[Table, ...]
    plots: Mapping[str, str]


def read_raw(path: Path, wanted: AbstractSet[str] = WRITTEN_BY_ALL) -> dict[str, Any]:
    """The record's JSON object, with at least the `wanted` keys. Raises RecordError, which names the file."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path.name} cannot be read as a record.", remedy=_AGAIN) from error
    if not isinstance(record, dict) or not wanted <= set(record):
        lacks = sorted(wanted - set(record)) if isinstance(record, dict) else []
        raise RecordError(
            f"{path.name} is no benchmark's record, or one of an older version"
            f"{': it lacks ' + ', '.join(lacks) if lacks else ''}.",
            remedy=_AGAIN,
        )
    return record


def read_record(path: Path) -> Record:
    """A record as this version writes it. Raises RecordError, which names the file and what is wrong in it."""
    raw = read_raw(path, _WRITTEN_NOW)
    try:
        record = Record(
            benchmark=_text(raw["benchmark"]),
            summary=_text(raw["summary"]),
            quick=_flag(raw["quick"]),
            started_at=datetime.fromisoformat(_text(raw["started_at"])).astimezone(UTC),
            seconds=float(raw["seconds"]),
            machine=_machine(raw["machine"]),
            models=tuple((_text(name), _text(digest)) for name, digest in raw["models"].items()),
            notes=_texts(raw["notes"]),
            targets=tuple(_target(one) for one in raw["targets"]),
            tables=tuple(_table(one) for one in raw["tables"]),
            plots={_file(name): _text(raw["captions"].get(name, "")) for name in raw["plots"]},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        wrong = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise RecordError(f"{path.name} is not as a record is written: {wrong}.", remedy=_AGAIN) from error
    if path.stem != record.benchmark:
        raise RecordError(
            f"{path.name} holds the record of {record.benchmark}.", remedy=f"Name it {record.benchmark}.json."
        )
    return record


def _machine(raw: Mapping[str, Any]) -> Machine:
    return Machine(
        processor=_text(raw["processor"]),
        cores=int(raw["cores"]),
        memory_bytes=int(raw["memory_bytes"]),
        system=_text(raw["system"]),
        python=_text(raw["python"]),
        libraries=tuple((_text(name), _text(version)) for name, version in raw["libraries"].items() if version),
    )


def _target(raw: Mapping[str, Any]) -> Target:
    return Target(
        aim=_text(raw["aim"]),
        measured=_text(raw["measured"]),
        met=_flag(raw["met"]),
        why_not=_text(raw["why_not"]),
    )


def _table(raw: Mapping[str, Any]) -> Table:
    table = Table(
        title=_text(raw["title"]), columns=_texts(raw["columns"]), rows=tuple(_texts(row) for row in raw["rows"])
    )
    for place, row in enumerate(table.rows, start=1):
        if len(row) != len(table.columns):
            raise ValueError(
                f"row {place} of the table {table.title!r} has {len(row)} cells for {len(table.columns)} columns"
            )
    return table


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} stands where a list of texts should")
    return tuple(_text(value) for value in values)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where a text should")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} stands where true or false should")
    return value


def _file(value: object) -> str:
    """A picture's name; it may not lead out of the record's folder."""
    name = _text(value)
    if Path(name).name != name or not name.endswith(".png"):
        raise ValueError(f"{name!r} is no name of a picture beside the record")
    return name
