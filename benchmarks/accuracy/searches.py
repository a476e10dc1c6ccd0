"""Open-set searches: the dissimilarity of each probe's own subject and of the nearest other one, and the rank of its
own.

They are kept in a CSV file: search (the protocol's name), probe, mated (0 or 1), and for each recogniser three columns,
`<name> mate`, `<name> other` and `<name> rank`. From it every rate can be recomputed. Without a mate, or without a
found face, the dissimilarity is inf and the rank 0.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import Comparator
from benchmarks.accuracy.templates import Templates
from benchmarks.harness.errors import MeasurementError

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]

COLUMNS = ("search", "probe", "mated")
_BLOCK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The results of n searches by one recogniser. mate, other: (n,) dissimilarities. rank: (n,) of the mate; 0 for
    none."""

    mate: Floats
    other: Floats
    rank: Whole


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchScores:
    """n searches of one gallery. name: the protocol's. mated: (n,) true if the probe's subject is in the gallery."""

    name: str
    probe: tuple[str, ...]
    mated: NDArray[np.bool_]
    found: Mapping[str, Found]


def search(
    name: str,
    templates: Templates,
    gallery: Sequence[tuple[str, str]],
    probes: Sequence[tuple[str, str | None]],
    columns: Sequence[Comparator],
) -> SearchScores:
    """Searches a gallery for each probe. gallery, probes: names of samples and their subjects, None being nobody's.

    A subject is as near as the nearest of their references.
    """
    subjects = {subject: place for place, subject in enumerate(sorted({subject for _, subject in gallery}))}
    order = sorted(range(len(gallery)), key=lambda place: subjects[gallery[place][1]])
    rows = templates.rows([gallery[place][0] for place in order])
    begins = np.searchsorted([subjects[gallery[place][1]] for place in order], np.arange(len(subjects)))
    asked = templates.rows([sample for sample, _ in probes])
    owner = np.array([-1 if who is None else subjects.get(who, -1) for _, who in probes], np.int64)
    return SearchScores(
        name=name,
        probe=tuple(sample for sample, _ in probes),
        mated=owner >= 0,
        found={one.name: _found(one, templates, rows, begins, asked, owner) for one in columns},
    )


def _found(column: Comparator, templates: Templates, rows: Whole, begins: Whole, asked: Whole, owner: Whole) -> Found:
    mate, other, rank = np.full(len(asked), np.inf), np.full(len(asked), np.inf), np.zeros(len(asked), np.int64)
    for begin in range(0, len(asked), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        apart = np.minimum.reduceat(column.against(templates, asked[block], rows), begins, axis=1)
        own = np.flatnonzero(owner[block] >= 0)
        whose = owner[block][own]
        mates = apart[own, whose].copy()
        mate[block][own] = mates
        apart[own, whose] = np.inf
        other[block] = apart.min(axis=1)
        rank[block][own] = np.where(np.isfinite(mates), 1 + (apart[own] < mates[:, None]).sum(axis=1), 0)
    return Found(mate=mate, other=other, rank=rank)


def write_searches(path: Path, each: Sequence[SearchScores]) -> None:
    """Writes the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = tuple(each[0].found)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *(f"{name} {what}" for name in names for what in ("mate", "other", "rank"))])
        for one in each:
            columns = [values.tolist() for name in names for values in _columns(one.found[name])]
            mated = one.mated.astype(int).tolist()
            writer.writerows(zip([one.name] * len(mated), one.probe, mated, *columns, strict=True))


def _columns(found: Found) -> tuple[Floats, Floats, Whole]:
    return found.mate, found.other, found.rank


def read_searches(path: Path) -> list[SearchScores]:
    """Reads it. Raises MeasurementError for a file that is none, naming the line."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        names = [column.removesuffix(" mate") for column in header[len(COLUMNS) :: 3]]
        each: dict[str, list[tuple[str, bool, list[float]]]] = {}
        for number, row in enumerate(rows, start=2):
            try:
                protocol, probe, mated, *values = row
                numbers = [float(value) for value in values]
                if mated not in {"0", "1"} or len(numbers) != 3 * len(names):
                    raise ValueError
            except ValueError as error:
                raise MeasurementError(
                    f"Line {number} of {path.name} is no search.", remedy="Measure again."
                ) from error
            each.setdefault(protocol, []).append((probe, mated == "1", numbers))
    return [_scores(protocol, rows, names) for protocol, rows in each.items()]


def _scores(protocol: str, rows: Sequence[tuple[str, bool, list[float]]], names: Sequence[str]) -> SearchScores:
    table = np.array([numbers for _, _, numbers in rows])
    return SearchScores(
        name=protocol,
        probe=tuple(probe for probe, _, _ in rows),
        mated=np.array([mated for _, mated, _ in rows]),
        found={
            name: Found(
                mate=table[:, 3 * place], other=table[:, 3 * place + 1], rank=table[:, 3 * place + 2].astype(np.int64)
            )
            for place, name in enumerate(names)
        },
    )
