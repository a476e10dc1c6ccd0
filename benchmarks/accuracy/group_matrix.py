"""The false match rates between groups, and within each group."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.accuracy import plots
from benchmarks.accuracy.groups import LEAST_FALSE_MATCHES, LEAST_PEOPLE
from benchmarks.accuracy.pair_people import PairPeople
from benchmarks.accuracy.wording import NOTHING_CLAIMED, small_rate_text
from benchmarks.harness.benchmark import Plot, Table


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The rate between two groups, or within one. claimed: true if there are enough people and pairs for the rate."""

    false_matches: int
    non_mated: int
    fmr: float | None
    low: float
    high: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class GroupMatrix:
    """The matrix of one recogniser at the threshold for `fmr` over all. cells: (groups, groups)."""

    recogniser: str
    fmr: float
    threshold: float
    groups: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]


def group_matrix(people: PairPeople, recogniser: str, fmr: float, threshold: float) -> GroupMatrix:
    """The matrix of every group with every other."""
    numbers = range(len(people.groups))
    return GroupMatrix(
        recogniser=recogniser,
        fmr=fmr,
        threshold=threshold,
        groups=people.groups,
        cells=tuple(
            tuple(_cell(people, recogniser, fmr, threshold, row, column) for column in numbers) for row in numbers
        ),
    )


def _cell(people: PairPeople, recogniser: str, fmr: float, threshold: float, row: int, column: int) -> Cell:
    found = people.between(recogniser, threshold, people.group == row, people.group == column)
    fewest = min(people.people_in(row), people.people_in(column))
    pairs = found.rates.non_mated
    return Cell(
        false_matches=found.rates.false_matches,
        non_mated=pairs,
        fmr=found.rates.fmr if pairs else None,
        low=found.fmr_interval[0],
        high=found.fmr_interval[1],
        claimed=fewest >= LEAST_PEOPLE and pairs >= LEAST_FALSE_MATCHES / fmr,
    )


def matrix_table(matrix: GroupMatrix) -> Table:
    """The matrix as a table."""
    return Table(
        title=f"{matrix.recogniser}: FMR between groups, at dissimilarity {matrix.threshold:.4f}, FMR {matrix.fmr:.0e} "
        "over all",
        columns=("", *matrix.groups),
        rows=[(group, *map(_text, row)) for group, row in zip(matrix.groups, matrix.cells, strict=True)],
    )


def matrix_plot(matrix: GroupMatrix) -> Plot:
    """The matrix as a plot."""
    return Plot(
        name=f"matrix-{matrix.fmr:.0e}",
        draw=partial(_draw, matrix),
        size=(6.0, 5.0),
        caption=f"At an FMR of {matrix.fmr:.0e} over all, {matrix.recogniser}. {plots.MATRIX_CAPTION}",
    )


def _text(cell: Cell) -> str:
    told = NOTHING_CLAIMED
    if cell.claimed and cell.fmr is not None:
        told = small_rate_text(cell.fmr, cell.low, cell.high)
    return f"{told}, n {cell.non_mated:,}"


def _draw(matrix: GroupMatrix, figure: Any) -> None:
    rates = np.array([[_claimed(cell) for cell in row] for row in matrix.cells])
    plots.matrix(figure, matrix.groups, rates, f"FMR ({matrix.recogniser})")


def _claimed(cell: Cell) -> float:
    return cell.fmr if cell.claimed and cell.fmr is not None else float("nan")
