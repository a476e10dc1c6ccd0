"""Every picture of LFW's view 2 against every picture of another person: error rates far below what 3,000 pairs show.

The false non-match rate is that of the protocol's 3,000 mated pairs. Thresholds named by a rate are computed on the
same pictures. Those of the operating points were chosen on view 1, which shares people and even pairs with view 2;
their rates are therefore reported for the people who are not in view 1, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import plots
from benchmarks.accuracy.chosen_trials import thinned
from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.extractor import ServiceExtractor
from benchmarks.accuracy.group_matrix import GroupMatrix, group_matrix, matrix_plot, matrix_table
from benchmarks.accuracy.groups import GroupedErrors, Grouping, grouping, groups_tables
from benchmarks.accuracy.limits import LIMITS
from benchmarks.accuracy.pair_matrix import PairMatrix
from benchmarks.accuracy.pair_people import PairPeople, PairRates
from benchmarks.accuracy.templates import extract
from benchmarks.accuracy.verification import FIXED_THRESHOLD, QUICK_TRIALS, scored
from benchmarks.accuracy.view1 import view1
from benchmarks.accuracy.wording import rate_text, small_rate_text
from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Plot, Result, Table, Target
from matcher.evaluation.error_rates import threshold_at
from matcher.evaluation.scores import Scores
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import load_operating_points
from matcher.recognition.scale import FEWEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
GROUP_RATES = (1e-3, 1e-4)
MOST_FNMR = 0.018
"""The target for the fusion's FNMR at FMR 1e-4."""

ATTRIBUTE = "gender"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One threshold. what: its rate or its operating point, and the people measured."""

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


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The overlap of view 2 with view 1. strangers: (n,) true if a sample's person is not in view 1."""

    people: int
    of_people: int
    mated: int
    of_mated: int
    strangers: NDArray[np.bool_]

    @classmethod
    def of(cls, lfw: Lfw, trials: Sequence[Trial], names: Sequence[str]) -> "Shared":
        """trials, names: of view 2."""
        chosen = view1(lfw)
        known = {person_of(name) for trial in chosen for name in (trial.probe, trial.reference)}
        pairs = {frozenset((trial.probe, trial.reference)) for trial in chosen if trial.mated}
        people = {person_of(name) for name in names}
        mated = [frozenset((trial.probe, trial.reference)) for trial in trials if trial.mated]
        return cls(
            people=len(people & known),
            of_people=len(people),
            mated=sum(pair in pairs for pair in mated),
            of_mated=len(mated),
            strangers=np.array([person_of(name) not in known for name in names]),
        )


class AllPairsBenchmark:
    """Error rates on LFW's view 2, for every recogniser, and by gender."""

    name = "lfw-all-pairs"
    summary = "FNMR at FMR 1e-3 to 1e-6 over all non-mated pairs of LFW's view 2, and by gender"

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on the pictures of few pairs."""
        lfw = Lfw.at(context.root_of("lfw"))
        trials = thinned(lfw.trials(), QUICK_TRIALS) if context.quick else lfw.trials()
        names = sorted({name for trial in trials for name in (trial.probe, trial.reference)})
        models = read_entries(context.models) if context.models else ()
        model = FaceModel.chosen(context.models, context.fusion)
        templates = extract(lfw, names, context, ServiceExtractor(models))
        samples = lfw.samples()
        columns = comparators(models, model)
        labels = [samples[name].labels.get(ATTRIBUTE, "") for name in names]
        matrix = PairMatrix.write(
            context.out / self.name,
            templates,
            [str(samples[name].subject) for name in names],
            columns,
            context.progress,
            {ATTRIBUTE: labels},
        )
        mated = scored(lfw, trials, templates, columns)
        mated.write(matrix.folder / "scores.csv")
        people, shared = PairPeople.of(matrix, mated, labels), Shared.of(lfw, trials, names)
        points, groupings, matrices = [], [], []
        with context.progress.step("counting", total=len(columns)) as advance:
            for column in columns:
                points += list(_points(column.name, people, shared))
                for rate in GROUP_RATES if people.groups else ():
                    threshold = threshold_at(matrix.non_mated(column.name), rate)
                    errors = list(_errors(column.name, threshold, people))
                    groupings.append(grouping(column.name, (ATTRIBUTE,), rate, threshold, errors))
                    matrices.append(group_matrix(people, column.name, rate, threshold))
                advance(1)
        return Result(
            figures={
                "dataset": lfw.description.title,
                "pictures": len(names),
                "people": shared.of_people,
                "people_of_view_1": shared.people,
                "mated_pairs_of_view_1": shared.mated,
                "failures_to_acquire": len(templates.failed),
                "points": [asdict(point) for point in points],
                "groups": [asdict(one) for one in groupings],
                "matrices": [asdict(one) for one in matrices],
            },
            tables=[_table(points), *groups_tables(groupings), *map(matrix_table, matrices)],
            plots=[*_plots(matrix, mated), *_matrix_plots(matrices), *_group_plots(groupings)],
            targets=[] if context.quick else _targets(points),
            notes=_notes(points, shared, len(names)),
        )


def _points(recogniser: str, people: PairPeople, shared: Shared) -> Iterator[Point]:
    non_mated = people.matrix.non_mated(recogniser)
    for rate in RATES:
        if rate * len(non_mated) >= FEWEST:
            threshold = threshold_at(non_mated, rate)
            yield _point(recogniser, f"FMR {rate:.0e} here", people.all(recogniser, threshold))
    if recogniser == FUSION:
        for point in load_operating_points().values():
            yield _point(recogniser, f"{point.name}, chosen on view 1", people.all(recogniser, point.threshold))
            strangers = people.between(recogniser, point.threshold, shared.strangers, shared.strangers)
            yield _point(recogniser, f"{point.name}, of people not in view 1", strangers)


def _point(recogniser: str, what: str, found: PairRates) -> Point:
    rates = found.rates
    return Point(
        recogniser=recogniser,
        what=what,
        threshold=rates.threshold,
        false_matches=rates.false_matches,
        non_mated=rates.non_mated,
        fmr=rates.fmr,
        fmr_interval=found.fmr_interval,
        misses=rates.misses,
        mated=rates.mated,
        fnmr=rates.fnmr,
        fnmr_interval=found.fnmr_interval,
    )


def _errors(recogniser: str, threshold: float, people: PairPeople) -> Iterator[GroupedErrors]:
    for number, group in enumerate(people.groups):
        found = people.within(recogniser, threshold, number)
        yield GroupedErrors(
            group=group,
            people=people.people_in(number),
            rates=found.rates,
            fmr=found.fmr,
            fnmr=found.fnmr,
            fmr_interval=found.fmr_interval,
            fnmr_interval=found.fnmr_interval,
        )


def _notes(points: Sequence[Point], shared: Shared, pictures: int) -> list[str]:
    return [
        f"All {points[0].non_mated:,} pairs of different people among the {pictures:,} pictures of LFW's view 2, and "
        f"its {points[0].mated:,} mated pairs. No picture was left out: one without a found face matches nobody.",
        "Thresholds named by a rate are those at which this very set has that rate; the operating points were chosen "
        f"on view 1. The two views are no strangers to each other: {shared.people:,} of these {shared.of_people:,} "
        f"people are in view 1, and {shared.mated:,} of the {shared.of_mated:,} mated pairs are among its pairs. The "
        "rates for people not in view 1 leave all of them out.",
        f"Intervals are of 1,000 resamples of the people, on both sides of each pair. {FIXED_THRESHOLD}",
        "By gender, the non-mated pairs are within the group. The labels are not the people's own (Afifi and "
        "Abdelhamed, 2019), and LFW's makers call it too small for conclusions on groups.",
        LIMITS["lfw"],
    ]


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


def _matrix_plots(matrices: Sequence[GroupMatrix]) -> Iterator[Plot]:
    yield from (matrix_plot(one) for one in matrices if one.recogniser == FUSION)


def _group_plots(groupings: Sequence[Grouping]) -> Iterator[Plot]:
    for one in groupings:
        if one.recogniser == FUSION:
            yield Plot(
                name=f"groups-{one.fmr:.0e}",
                draw=partial(_draw_groups, one),
                size=(8.0, 3.0),
                caption=f"At an FMR of {one.fmr:.0e} over all, {one.recogniser}. {plots.BARS_CAPTION}",
            )


def _draw_groups(one: Grouping, figure: Any) -> None:
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
