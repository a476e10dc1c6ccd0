"""Every picture of LFW's view 2 against every picture of another person: error rates far below what 3,000 pairs show.

The false non-match rate is that of the protocol's 3,000 mated pairs. Threshold and rates are of the very same pictures:
what a site will see at a threshold that was chosen elsewhere is another question (`operating-point` chooses on view 1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import plots
from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.extractor import ServiceExtractor
from benchmarks.accuracy.groups import (
    LEAST_FALSE_MATCHES,
    LEAST_PEOPLE,
    GroupedErrors,
    Grouping,
    grouping,
    groups_tables,
)
from benchmarks.accuracy.limits import LIMITS
from benchmarks.accuracy.model import read_models
from benchmarks.accuracy.pair_matrix import PairMatrix
from benchmarks.accuracy.templates import extract
from benchmarks.accuracy.verification import scored, thinned
from benchmarks.accuracy.wording import NOTHING_CLAIMED, rate_text, small_rate_text
from benchmarks.benchmark import Context, Plot, Result, Table, Target
from benchmarks.datasets.dataset import Sample
from benchmarks.datasets.lfw import Lfw
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.error_rates import ErrorRates, error_rates, threshold_at
from matcher.evaluation.scores import Scores
from matcher.recognition.operating_point import OperatingPoint, load_operating_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Whole = NDArray[np.int64]

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
GROUP_RATES = (1e-3, 1e-4)
MOST_FNMR = 0.018
"""Aimed at by the fusion at FMR 1e-4."""

ATTRIBUTE = "gender"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One threshold. what: the rate it was chosen for, or the operating point it belongs to."""

    recogniser: str
    what: str
    threshold: float
    false_matches: int
    non_mated: int
    fmr: float
    fmr_interval: tuple[float, float]
    misses: int
    mated: int
    fnmr: float
    fnmr_interval: tuple[float, float]


class AllPairsBenchmark:
    """Of LFW's view 2, for every recogniser, and by gender."""

    name = "lfw-all-pairs"
    summary = "FNMR at FMR 1e-3 to 1e-6 over all non-mated pairs of LFW's view 2, and by gender"

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on the pictures of few pairs."""
        lfw = Lfw(context.data)
        trials = thinned(lfw.trials()) if context.quick else lfw.trials()
        names = sorted({name for trial in trials for name in (trial.probe, trial.reference)})
        models = read_models(context.models) if context.models else ()
        templates = extract(lfw, names, context, ServiceExtractor(models))
        samples = lfw.samples()
        columns = comparators(models)
        people = [str(samples[name].subject) for name in names]
        labels = {ATTRIBUTE: [samples[name].labels.get(ATTRIBUTE, "") for name in names]}
        matrix = PairMatrix.write(context.out / self.name, templates, people, columns, context.progress, labels)
        mated = scored(lfw, trials, templates, columns)
        mated.write(matrix.folder / "scores.csv")
        points, groupings, tables = self._figures(matrix, mated, samples, context)
        return Result(
            figures={
                "dataset": lfw.description.title,
                "pictures": len(names),
                "people": len(set(people)),
                "failures_to_acquire": len(templates.failed),
                "points": [asdict(point) for point in points],
                "groups": [asdict(one) for one in groupings],
                "matrices": tables.figures,
            },
            tables=[_table(points), *groups_tables(groupings), *tables.tables],
            plots=[*_plots(matrix, mated), *tables.plots, *_group_plots(groupings)],
            targets=[] if context.quick else _targets(points),
            notes=[
                f"All {points[0].non_mated:,} pairs of different people among the {len(names):,} pictures of LFW's "
                f"view 2, and its {points[0].mated:,} mated pairs. No picture was left out: one without a found face "
                "matches nobody.",
                "Thresholds named by a rate are those at which this very set has that rate; the operating points were "
                "chosen on view 1, whose people are others.",
                "Intervals are of 1,000 resamples of the people, on both sides of each pair.",
                "By gender, the non-mated pairs are within the group. The labels are not the people's own (Afifi and "
                "Abdelhamed, 2019), and LFW's makers call it too small for conclusions on groups.",
                LIMITS["lfw"],
            ],
        )

    def _figures(
        self, matrix: PairMatrix, mated: Scores, samples: Mapping[str, Sample], context: Context
    ) -> tuple[list[Point], list[Grouping], "_Matrices"]:
        counts = _People.of(matrix, mated, samples)
        points, groupings, matrices = [], [], _Matrices([], [], [])
        with context.progress.step("counting", total=len(mated.dissimilarity)) as advance:
            for name in mated.dissimilarity:
                non_mated = matrix.non_mated(name)
                for what, threshold in _thresholds(name, non_mated):
                    points.append(_point(name, what, threshold, non_mated, matrix, mated, counts))
                for rate in GROUP_RATES:
                    threshold = threshold_at(non_mated, rate)
                    errors = list(_errors(name, threshold, matrix, mated, counts))
                    groupings.append(grouping(name, (ATTRIBUTE,), rate, threshold, errors))
                    matrices.add(name, rate, threshold, matrix, counts)
                advance(1)
        return points, groupings, matrices


@dataclass(frozen=True, kw_only=True, eq=False)
class _People:
    """bootstrap: of the people of the matrix. mated: (m,) the person of each mated pair, and their group, -1 for none.

    groups: their names. group: (n,) of each sample. samples: (people, groups) how many each person has in each.
    """

    bootstrap: SubjectBootstrap
    mated: Whole
    mated_group: Whole
    groups: tuple[str, ...]
    group: Whole
    samples: Whole

    @classmethod
    def of(cls, matrix: PairMatrix, mated: Scores, samples: Mapping[str, Sample]) -> "_People":
        labels = [samples[name].labels.get(ATTRIBUTE, "") for name in matrix.names]
        groups = tuple(sorted(set(labels) - {""}))
        group = np.array([groups.index(label) if label else -1 for label in labels], np.int64)
        counted = np.zeros((int(matrix.person.max()) + 1, len(groups)), np.int64)
        np.add.at(counted, (matrix.person[group >= 0], group[group >= 0]), 1)
        places = {name: place for place, name in enumerate(matrix.names)}
        probes, references = (
            np.array([places[name] for name, one in zip(names, mated.mated, strict=True) if one], np.int64)
            for names in (mated.probe, mated.reference)
        )
        same = group[probes] == group[references]
        return cls(
            bootstrap=SubjectBootstrap(len(counted)),
            mated=matrix.person[probes],
            mated_group=np.where(same, group[probes], -1),
            groups=groups,
            group=group,
            samples=counted,
        )

    def pairs(self, one: int, other: int) -> int:
        """How many non-mated pairs there are between two groups, or within one."""
        first, second = self.samples[:, one], self.samples[:, other]
        all_of_them = int(first.sum() * second.sum() - (first * second).sum())
        return all_of_them // 2 if one == other else all_of_them


def _thresholds(name: str, non_mated: NDArray[np.float32]) -> Iterator[tuple[str, float]]:
    for rate in RATES:
        if rate * len(non_mated) >= 10:
            yield f"FMR {rate:.0e} here", threshold_at(non_mated, rate)
    if name == FUSION:
        points: Sequence[OperatingPoint] = tuple(load_operating_points().values())
        yield from ((f"{point.name}, chosen on view 1", point.threshold) for point in points)


def _point(
    name: str,
    what: str,
    threshold: float,
    non_mated: NDArray[np.float32],
    matrix: PairMatrix,
    mated: Scores,
    people: _People,
) -> Point:
    apart, _ = mated.of(name)
    rates = error_rates(apart, non_mated, threshold)
    one, other = matrix.closest(name, threshold)
    everyone = np.bincount(matrix.person)
    bootstrap = people.bootstrap
    return Point(
        recogniser=name,
        what=what,
        threshold=threshold,
        false_matches=rates.false_matches,
        non_mated=rates.non_mated,
        fmr=rates.fmr,
        fmr_interval=bootstrap.interval(
            np.ones(len(one), bool), bootstrap.all_pairs(everyone, everyone), matrix.person[one], matrix.person[other]
        ),
        misses=rates.misses,
        mated=rates.mated,
        fnmr=rates.fnmr,
        fnmr_interval=bootstrap.rate(apart > threshold, people.mated, people.mated),
    )


def _errors(name: str, threshold: float, matrix: PairMatrix, mated: Scores, people: _People) -> Iterator[GroupedErrors]:
    apart, _ = mated.of(name)
    one, other = matrix.closest(name, threshold)
    bootstrap = people.bootstrap
    for number, group in enumerate(people.groups):
        within = (people.group[one] == number) & (people.group[other] == number)
        first, second = matrix.person[one[within]], matrix.person[other[within]]
        wrong = np.ones(len(first), bool)
        totals = bootstrap.all_pairs(people.samples[:, number], people.samples[:, number])
        own = people.mated_group == number
        missed = apart[own] > threshold
        whose = people.mated[own]
        yield GroupedErrors(
            group=group,
            people=int((people.samples[:, number] > 0).sum()),
            rates=ErrorRates(
                threshold=threshold,
                false_matches=len(first),
                non_mated=people.pairs(number, number),
                misses=int(missed.sum()),
                mated=len(missed),
            ),
            fmr=bootstrap.rates(wrong, totals, first, second),
            fnmr=bootstrap.rates(missed, bootstrap.totals(whose, whose), whose, whose),
            fmr_interval=bootstrap.interval(wrong, totals, first, second),
            fnmr_interval=bootstrap.rate(missed, whose, whose),
        )


@dataclass(frozen=True)
class _Matrices:
    """The rate between each group and each other: figures, tables and plots of them."""

    figures: list[Any]
    tables: list[Table]
    plots: list[Plot]

    def add(self, name: str, rate: float, threshold: float, matrix: PairMatrix, people: _People) -> None:
        """One recogniser's at one threshold."""
        one, other = matrix.closest(name, threshold)
        cells = [
            [_cell(row, column, rate, one, other, matrix, people) for column in range(len(people.groups))]
            for row in range(len(people.groups))
        ]
        self.figures.append(
            {"recogniser": name, "fmr": rate, "threshold": threshold, "groups": people.groups, "cells": cells}
        )
        self.tables.append(
            Table(
                title=f"{name}: FMR between groups, at dissimilarity {threshold:.4f}, FMR {rate:.0e} over all",
                columns=("", *people.groups),
                rows=[(group, *map(_cell_text, row)) for group, row in zip(people.groups, cells, strict=True)],
            )
        )
        rates = np.array([[cell["rate"][0] if cell["claimed"] else np.nan for cell in row] for row in cells])
        if name == FUSION:
            self.plots.append(
                Plot(
                    name=f"matrix-{rate:.0e}",
                    draw=lambda figure: plots.matrix(figure, people.groups, rates, f"FMR ({name})"),
                    size=(6.0, 5.0),
                    caption=f"At an FMR of {rate:.0e} over all, {name}. {plots.MATRIX_CAPTION}",
                )
            )


def _cell(
    row: int, column: int, fmr: float, one: Whole, other: Whole, matrix: PairMatrix, people: _People
) -> dict[str, Any]:
    groups = np.sort(np.stack([people.group[one], people.group[other]]), axis=0)
    within = (groups[0] == min(row, column)) & (groups[1] == max(row, column))
    first, second = matrix.person[one[within]], matrix.person[other[within]]
    totals = people.bootstrap.all_pairs(people.samples[:, row], people.samples[:, column])
    low, high = people.bootstrap.interval(np.ones(len(first), bool), totals, first, second)
    pairs = people.pairs(row, column)
    fewest = min(int((people.samples[:, group] > 0).sum()) for group in (row, column))
    return {
        "false_matches": len(first),
        "non_mated": pairs,
        "rate": (len(first) / pairs, low, high),
        "claimed": fewest >= LEAST_PEOPLE and pairs >= LEAST_FALSE_MATCHES / fmr,
    }


def _cell_text(cell: Mapping[str, Any]) -> str:
    told = small_rate_text(*cell["rate"]) if cell["claimed"] else NOTHING_CLAIMED
    return f"{told}, n {cell['non_mated']:,}"


def _targets(points: Sequence[Point]) -> list[Target]:
    (point,) = (one for one in points if one.recogniser == FUSION and one.what == "FMR 1e-04 here")
    return [
        Target(
            aim=f"FNMR at FMR 1e-4 over all pairs at most {MOST_FNMR} for the fusion",
            measured=rate_text(point.fnmr, *point.fnmr_interval),
            met=point.fnmr <= MOST_FNMR,
        )
    ]


def _table(points: Sequence[Point]) -> Table:
    return Table(
        title=f"{points[0].non_mated:,} non-mated and {points[0].mated:,} mated pairs",
        columns=("recogniser", "threshold for", "dissimilarity", "FMR", "false matches", "FNMR", "missed"),
        rows=[
            (
                point.recogniser,
                point.what,
                f"{point.threshold:.4f}",
                small_rate_text(point.fmr, *point.fmr_interval),
                f"{point.false_matches:,}",
                rate_text(point.fnmr, *point.fnmr_interval),
                f"{point.misses:,}",
            )
            for point in points
        ],
    )


def _plots(matrix: PairMatrix, mated: Scores) -> list[Plot]:
    def curves(figure: "Figure") -> None:
        columns = {name: (mated.of(name)[0], matrix.non_mated(name)) for name in mated.dissimilarity}
        plots.det(figure, columns, 1e-6)

    return [Plot(name="det", draw=curves, caption=plots.DET_CAPTION)]


def _group_plots(groupings: Sequence[Grouping]) -> Iterator[Plot]:
    for one in groupings:
        if one.recogniser == FUSION:
            yield Plot(
                name=f"groups-{one.fmr:.0e}",
                draw=partial(_draw_groups, one),
                size=(8.0, 3.0),
                caption=f"At an FMR of {one.fmr:.0e} over all, {one.recogniser}. {plots.BARS_CAPTION}",
            )


def _draw_groups(one: Grouping, figure: "Figure") -> None:
    bars = [
        plots.Bar(
            name=f"{group.group} (n {group.rates.non_mated:,})",
            rate=group.rates.fmr,
            low=group.fmr_interval[0],
            high=group.fmr_interval[1],
            claimed=group.claimed,
        )
        for group in one.groups
    ]
    plots.bars(figure, bars, "FMR within the group", one.fmr)
