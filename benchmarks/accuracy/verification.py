"""One-to-one comparison by a data set's own protocol: `python -m benchmarks lfw`, or the name of another set.

First the scores are written to `<set>/scores.csv` of the folder for results; every figure is computed from that file.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import plots
from benchmarks.accuracy.chosen_trials import at_most, thinned
from benchmarks.accuracy.comparator import FUSION, Comparator, comparators
from benchmarks.accuracy.extractor import ServiceExtractor
from benchmarks.accuracy.groups import grouped, groups_tables
from benchmarks.accuracy.identification import SEARCHES_OF_A_SET, identified_all, searched
from benchmarks.accuracy.limits import LIMITS
from benchmarks.accuracy.searches import read_searches, write_searches
from benchmarks.accuracy.templates import Templates, extract
from benchmarks.accuracy.wording import interval_text, rate_text
from benchmarks.datasets.dataset import Dataset, Sample, Trial
from benchmarks.datasets.integrity import departures
from benchmarks.datasets.registry import DATASETS, open_dataset
from benchmarks.harness.benchmark import Context, Plot, Result, Table, Target
from benchmarks.harness.errors import MeasurementError
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.error_rates import (
    FoldedAccuracy,
    best_threshold,
    equal_error_rate,
    error_rates,
    folded_accuracy,
    threshold_at,
)
from matcher.evaluation.interval import wilson
from matcher.evaluation.scores import Provenance, Scores, read_scores
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import FEWEST

Whole = NDArray[np.int64]

RATES = (1e-2, 1e-3)
QUICK_TRIALS = 200

TARGETS = {"lfw": {"fusion": 0.9960, "sface": 0.9930, "dlib": 0.9900}}
"""Targets for the accuracy on the whole of a set, by recogniser."""


class VerificationBenchmark:
    """The benchmark of a registered data set with trials."""

    def __init__(self, dataset: str) -> None:
        self.name = dataset
        self.summary = f"Verification by the protocol of {DATASETS[dataset].description.title}"

    def run(self, context: Context) -> Result:
        """Measures, or continues after an interruption. With `quick` few trials of each fold."""
        dataset = open_dataset(self.name, context.root_of(self.name))
        models = read_entries(context.models) if context.models else ()
        model = FaceModel.chosen(context.models, context.fusion)
        every = dataset.trials()
        trials = thinned(every, QUICK_TRIALS) if context.quick else at_most(every)
        kinds = {trial.mated for trial in trials}
        if len(kinds) < 2:
            raise MeasurementError(
                f"{dataset.description.title} has no {'non-mated' if True in kinds else 'mated'} trials here.",
                remedy="There must be people with two pictures, and more than one person.",
            )
        searches = () if context.quick else dataset.searches()
        named = dict.fromkeys(name for trial in trials for name in (trial.probe, trial.reference))
        named |= dict.fromkeys(name for one in searches for name in (*one.gallery, *one.probes))
        templates = extract(dataset, named, context, ServiceExtractor(models))
        path = context.out / self.name / "scores.csv"
        columns = comparators(models, model)
        scored(dataset, trials, templates, columns).write(path)
        left_out = [] if context.quick else list(_departures(every, trials, dataset, context.root_of(self.name)))
        verification = result(read_scores(path), dataset, path, quick=context.quick, remarks=left_out)
        if not searches:
            return verification
        path = path.with_name("searches.csv")
        write_searches(path, [searched(dataset, templates, one, columns) for one in searches])
        notes = (SEARCHES_OF_A_SET.format(title=dataset.description.title),)
        return together(verification, identified_all(read_searches(path), dataset, templates, notes))


def together(verification: Result, identification: Result) -> Result:
    """Both protocols of one set in one record."""
    return Result(
        figures={**verification.figures, "identification": identification.figures},
        tables=[*verification.tables, *identification.tables],
        plots=[*verification.plots, *identification.plots],
        targets=verification.targets,
        notes=[*verification.notes, *identification.notes],
    )


def _departures(every: Sequence[Trial], taken: Sequence[Trial], dataset: Dataset, root: Path) -> Iterator[str]:
    """Remarks on this copy of the set, and on the measured part of it."""
    if len(taken) < len(every):
        yield (
            f"Of the set's {len(every):,} trials {len(taken):,} were measured: all mated ones, and evenly some of the "
            "others."
        )
    yield from departures(dataset, root if root.is_dir() else root.parent)


def scored(dataset: Dataset, trials: Sequence[Trial], templates: Templates, columns: Sequence[Comparator]) -> Scores:
    """The dissimilarities of these trials."""
    probe, reference = (tuple(getattr(trial, side) for trial in trials) for side in ("probe", "reference"))
    one, other = templates.rows(probe), templates.rows(reference)
    fused = next((column for column in columns if column.name == FUSION), None)
    return Scores(
        fold=np.array([trial.fold for trial in trials], np.int64),
        probe=probe,
        reference=reference,
        mated=np.array([trial.mated for trial in trials]),
        dissimilarity={column.name: column.pairs(templates, one, other) for column in columns},
        provenance=Provenance(
            dataset=dataset.description.title,
            measured_on=datetime.now(UTC).date().isoformat(),
            digests={column.name: column.digest for column in columns},
            weights={part.embedder: part.weight for part in fused.parts} if fused else DEFAULT_FUSION.weights,
            samples=len(templates.names),
            failed=templates.failed,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The figures of one recogniser. accuracy: by folds, or at the best threshold where there are none. low, high: its
    interval.

    fnmr: by FMR, at the threshold of that rate, with counts and the interval of the FNMR.
    """

    recogniser: str
    accuracy: float
    standard_error: float | None
    low: float
    high: float
    equal_error_rate: float
    fnmr: Mapping[str, Mapping[str, float]]


def verified(scores: Scores, recogniser: str, bootstrap: SubjectBootstrap, one: Whole, other: Whole) -> Verified:
    """Figures of one column. one, other: the people of each comparison's two samples, by number."""
    column = scores.dissimilarity[recogniser]
    mated, non_mated = scores.of(recogniser)
    folds = len(np.unique(scores.fold)) > 1
    accuracy = folded_accuracy(column, scores.mated, scores.fold) if folds else _unfolded(column, scores.mated)
    wrong = (column <= _thresholds(scores.fold, accuracy)) != scores.mated
    low, high = bootstrap.rate(wrong, one, other)
    return Verified(
        recogniser=recogniser,
        accuracy=accuracy.mean,
        standard_error=accuracy.standard_error if folds else None,
        low=1 - high,
        high=1 - low,
        equal_error_rate=equal_error_rate(mated, non_mated),
        fnmr=dict(_fnmr(scores, recogniser, bootstrap, one, other)),
    )


def _thresholds(fold: Whole, accuracy: FoldedAccuracy) -> NDArray[np.float64]:
    """(n,) the threshold of each comparison."""
    return np.array(accuracy.thresholds)[np.searchsorted(np.unique(fold), fold)]


def _unfolded(column: NDArray[np.float64], mated: NDArray[np.bool_]) -> FoldedAccuracy:
    threshold = best_threshold(column, mated)
    right = float(((column <= threshold) == mated).mean())
    return FoldedAccuracy(mean=right, standard_error=0.0, thresholds=(threshold,), accuracies=(right,))


def _fnmr(
    scores: Scores, recogniser: str, bootstrap: SubjectBootstrap, one: Whole, other: Whole
) -> Iterable[tuple[str, Mapping[str, float]]]:
    mated, non_mated = scores.of(recogniser)
    for rate in RATES:
        if rate * len(non_mated) < FEWEST:
            continue
        rates = error_rates(mated, non_mated, threshold_at(non_mated, rate))
        wrong = mated > rates.threshold
        low, high = bootstrap.rate(wrong, one[scores.mated], other[scores.mated])
        yield f"{rate:.0e}", asdict(rates) | {"fmr": rates.fmr, "fnmr": rates.fnmr, "low": low, "high": high}


def subjects_of(scores: Scores, samples: Mapping[str, Sample]) -> tuple[int, Whole, Whole]:
    """The number of people, and the people of each comparison's samples. If a set does not name people, each sample
    counts as a person of its own, and the two of a mated comparison as one.
    """
    parent = {name: samples[name].subject or name for names in (scores.probe, scores.reference) for name in names}

    def person(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            name = above
        return name

    for probe, reference, mated in zip(scores.probe, scores.reference, scores.mated, strict=True):
        if mated:
            parent[person(reference)] = person(probe)
    owner = {name: person(name) for name in [*scores.probe, *scores.reference]}
    numbers = {name: place for place, name in enumerate(dict.fromkeys(owner.values()))}
    one, other = (
        np.array([numbers[owner[name]] for name in names], np.int64) for names in (scores.probe, scores.reference)
    )
    return len(numbers), one, other


def result(scores: Scores, dataset: Dataset, path: Path, *, quick: bool, remarks: Sequence[str] = ()) -> Result:
    """The record of a score file. remarks: on this copy of the set."""
    samples = dataset.samples()
    people, one, other = subjects_of(scores, samples)
    bootstrap = SubjectBootstrap(people)
    found = [verified(scores, name, bootstrap, one, other) for name in scores.dissimilarity]
    groups = grouped(scores, samples, bootstrap, (one, other), RATES)
    failed = scores.provenance.failed
    low, high = wilson(len(failed), scores.provenance.samples)
    figures: dict[str, Any] = {
        "dataset": dataset.description.title,
        "terms": dataset.description.terms,
        "scores": str(path.name),
        "mated": int(scores.mated.sum()),
        "non_mated": int((~scores.mated).sum()),
        "people": people,
        "samples": scores.provenance.samples,
        "failures_to_acquire": {"count": len(failed), "low": low, "high": high, "samples": list(failed)},
        "recognisers": [asdict(each) for each in found],
        "groups": [asdict(each) for each in groups],
    }
    return Result(
        figures=figures,
        tables=[_table(dataset, scores, found), *groups_tables(groups)],
        plots=_plots(scores),
        targets=[] if quick else _targets(dataset.description.name, found, scores),
        notes=[*_notes(dataset, scores, people), *remarks],
    )


FIXED_THRESHOLD = (
    "They are of the rates at these thresholds, as if those had been given; they were chosen on the same pairs."
)


def _notes(dataset: Dataset, scores: Scores, people: int) -> list[str]:
    told = all(picture.landmarks is not None for one in dataset.samples().values() for picture in one.pictures)
    failed = f"In {len(scores.provenance.failed)} of {scores.provenance.samples:,} samples no face was found"
    folds = len(np.unique(scores.fold))
    notes = [
        f"{scores.mated.sum():,} mated and {(~scores.mated).sum():,} non-mated comparisons of {people:,} people of "
        f"{dataset.description.title} ({dataset.description.source}). {dataset.description.terms}",
        "The set itself says where the faces are: failures to find one are not measured."
        if told
        else f"{failed}; they count as not matching anybody.",
        f"Each of {folds} folds is judged at the threshold that the other folds choose."
        if folds > 1
        else "There are no folds: what is right is told at the threshold that suits these very pairs best.",
        "Intervals are of 1,000 resamples of the people, since comparisons that share a person are not independent. "
        + FIXED_THRESHOLD,
        LIMITS.get(dataset.description.name, ""),
    ]
    return [note for note in notes if note]


def _targets(name: str, found: Sequence[Verified], scores: Scores) -> list[Target]:
    aims = TARGETS.get(name, {})
    return [
        Target(
            aim=f"{one.recogniser}: at least {aims[one.recogniser]:.2%} right, all {len(scores.mated):,} pairs counted",
            measured=f"{one.accuracy:.3%}",
            met=one.accuracy >= aims[one.recogniser],
        )
        for one in found
        if one.recogniser in aims
    ]


def _table(dataset: Dataset, scores: Scores, found: Sequence[Verified]) -> Table:
    rates = [rate for rate in (f"{rate:.0e}" for rate in RATES) if all(rate in one.fnmr for one in found)]
    rows = []
    for one in found:
        error = "" if one.standard_error is None else f" ± {one.standard_error:.3%}"
        rows.append(
            (
                one.recogniser,
                f"{one.accuracy:.3%}{error}",
                interval_text(one.low, one.high, percent=True),
                f"{one.equal_error_rate:.3%}",
                *(rate_text(**{key: one.fnmr[rate][key] for key in ("fnmr", "low", "high")}) for rate in rates),
            )
        )
    right = "right" if found[0].standard_error is None else "right ± standard error"
    return Table(
        title=f"{dataset.description.title}: {len(scores.mated):,} comparisons",
        columns=(
            "recogniser",
            right,
            "95 % interval",
            "EER",
            *(f"FNMR at FMR {r}" for r in rates),
        ),
        rows=rows,
    )


def _plots(scores: Scores) -> list[Plot]:
    columns = {name: scores.of(name) for name in scores.dissimilarity}
    least = max(10 ** math.floor(math.log10(1 / max(int((~scores.mated).sum()), 1))), 1e-6)
    return [
        Plot(name="det", draw=lambda figure: plots.det(figure, columns, least), caption=plots.DET_CAPTION),
        Plot(name="roc", draw=lambda figure: plots.roc(figure, columns, least), caption=plots.ROC_CAPTION),
        Plot(
            name="scores",
            draw=lambda figure: plots.distributions(figure, columns),
            size=(8.0, 3.0 * len(columns)),
            caption=plots.DISTRIBUTIONS_CAPTION,
        ),
    ]
