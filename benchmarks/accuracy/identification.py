"""One-to-many search as a gallery is used: `python -m benchmarks identification`, on all of LFW.

One picture of each enrolled person is the reference; their other pictures are the mated probes, pictures of everybody
who is not enrolled the non-mated ones. Rates are those of ISO/IEC 19795-1: FPIR, the share of non-mated searches with a
candidate at the threshold or closer; FNIR, of mated searches whose mate is not the nearest, or beyond the threshold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import plots
from benchmarks.accuracy.comparator import FUSION, Comparator, comparators
from benchmarks.accuracy.extractor import ServiceExtractor
from benchmarks.accuracy.limits import LIMITS
from benchmarks.accuracy.searches import Found, SearchScores, read_searches, search, write_searches
from benchmarks.accuracy.templates import Templates, extract
from benchmarks.accuracy.wording import interval_text, rate_text
from benchmarks.datasets.dataset import Dataset, Searches
from benchmarks.datasets.lfw import Lfw
from benchmarks.datasets.registry import open_dataset
from benchmarks.harness.benchmark import Context, Plot, Result, Table
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.error_rates import threshold_at
from matcher.recognition.embedder_entry import read_entries
from matcher.recognition.face_model import FaceModel

Floats = NDArray[np.floating[Any]]

SIZES = (100, 1000)
ONE_REFERENCE = (
    "One picture of each enrolled person, their first, is the reference; all their others are mated probes, and all "
    "pictures of everybody else non-mated ones."
)
SEARCHES_OF_A_SET = (
    "The searches are those of the protocol of {title}; a subject is as near as their nearest reference."
)

RATES = (1e-3, 1e-2, 1e-1)
RANKS = (1, 5, 20)
QUICK_PEOPLE = 300
LEAST_FALSE = 3
"""The least number of non-mated searches with a candidate for a threshold to stand for an FPIR."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The rates at the threshold for one FPIR. fnir: with its interval."""

    fpir: float
    threshold: float
    false_positives: int
    fnir: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Identified:
    """One recogniser on one gallery. rank: the share of mated searches whose mate is among the first n candidates."""

    search: str
    recogniser: str
    mated: int
    non_mated: int
    rates: tuple[Rate, ...]
    rank: Mapping[int, float]
    rank_one: tuple[float, float]
    cmc: tuple[float, ...]


class IdentificationBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "identification"
    summary = "Open-set identification on LFW: FNIR at FPIR .001 to .1, and ranks, with 100, 1,000 and 1,680 enrolled"

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on few people."""
        lfw = Lfw.at(context.root_of("lfw"))
        people = lfw.people()
        if context.quick:
            people = dict(list(people.items())[:QUICK_PEOPLE])
        names = {who: [f"{who}/{path.stem}" for path in pictures] for who, pictures in people.items()}
        models = read_entries(context.models) if context.models else ()
        model = FaceModel.chosen(context.models, context.fusion)
        templates = extract(lfw, [name for each in names.values() for name in each], context, ServiceExtractor(models))
        others: tuple[str, ...] = ()
        if context.distractors is not None:
            more = open_dataset("megaface", context.distractors)
            found = extract(more, more.samples(), context, ServiceExtractor(models))
            templates, others = templates + found, found.names
        path = context.out / self.name / "searches.csv"
        with context.progress.step("searching") as advance:
            protocols = list(open_sets(names))
            columns = comparators(models, model)
            write_searches(path, [searched(lfw, templates, one, columns, others) for one in protocols])
            advance(1)
        added = [f"{len(others):,} pictures of other people were added to each gallery."] if others else []
        return identified_all(read_searches(path), lfw, templates, (ONE_REFERENCE, *added), distractors=len(others))


def open_sets(names: Mapping[str, Sequence[str]]) -> Iterator[Searches]:
    """Galleries of some people with two pictures, evenly spread over the names, and of all of them."""
    several = [who for who, pictures in names.items() if len(pictures) > 1]
    for size in (*(one for one in SIZES if one < len(several)), len(several)):
        places = np.linspace(0, len(several) - 1, size).round().astype(int)
        enrolled = {several[place] for place in places}
        mated = [name for who in names if who in enrolled for name in names[who][1:]]
        non_mated = [name for who in names if who not in enrolled for name in names[who]]
        yield Searches(
            name=f"{size:,} enrolled",
            gallery=tuple(names[who][0] for who in names if who in enrolled),
            probes=(*mated, *non_mated),
        )


def searched(
    dataset: Dataset,
    templates: Templates,
    protocol: Searches,
    columns: Sequence[Comparator],
    distractors: Sequence[str] = (),
) -> SearchScores:
    """One protocol's searches by every recogniser. distractors: samples of other people that are added to the
    gallery."""
    samples = dataset.samples()
    return search(
        protocol.name,
        templates,
        [
            *((name, samples[name].subject or name) for name in protocol.gallery),
            *((name, f"distractor {name}") for name in distractors),
        ],
        [(name, samples[name].subject) for name in protocol.probes],
        columns,
    )


def identified(scores: SearchScores, recogniser: str, people: Sequence[str | None]) -> Identified:
    """The rates of one recogniser. people: the person on each probe."""
    found = scores.found[recogniser]
    numbers = {who: place for place, who in enumerate(dict.fromkeys(people))}
    whose = np.array([numbers[who] for who in people], np.int64)[scores.mated]
    bootstrap = SubjectBootstrap(len(numbers))
    rank = found.rank[scores.mated]
    low, high = bootstrap.rate(rank != 1, whose, whose)
    return Identified(
        search=scores.name,
        recogniser=recogniser,
        mated=int(scores.mated.sum()),
        non_mated=int((~scores.mated).sum()),
        rates=tuple(_rates(scores, found, bootstrap, whose)),
        rank={most: float(((rank >= 1) & (rank <= most)).mean()) for most in RANKS},
        rank_one=(1 - high, 1 - low),
        cmc=tuple(float(((rank >= 1) & (rank <= most)).mean()) for most in range(1, max(RANKS) + 1)),
    )


def _rates(scores: SearchScores, found: Found, bootstrap: SubjectBootstrap, whose: NDArray[np.int64]) -> Iterator[Rate]:
    nearest = found.other[~scores.mated]
    for rate in RATES:
        if rate * len(nearest) < LEAST_FALSE:
            continue
        threshold = threshold_at(nearest, rate)
        missed = (found.mate[scores.mated] > threshold) | (found.rank[scores.mated] != 1)
        low, high = bootstrap.rate(missed, whose, whose)
        false = int((nearest <= threshold).sum())
        yield Rate(fpir=rate, threshold=threshold, false_positives=false, fnir=float(missed.mean()), low=low, high=high)


def identified_all(
    each: Sequence[SearchScores],
    dataset: Dataset,
    templates: Templates,
    protocol: Sequence[str],
    *,
    distractors: int = 0,
) -> Result:
    """The record of a file of searches. protocol: a description of the enrolled people and of the probes."""
    samples = dataset.samples()
    found = [
        identified(scores, name, [samples[probe].subject for probe in scores.probe])
        for scores in each
        for name in scores.found
    ]
    return Result(
        figures={
            "dataset": dataset.description.title.removesuffix(", view 2"),
            "failures_to_acquire": len(templates.failed),
            "distractors": distractors,
            "searches": [asdict(one) for one in found],
        },
        tables=[_table(scores.name, [one for one in found if one.search == scores.name]) for scores in each],
        plots=[
            Plot(
                name="cmc",
                caption=plots.CMC_CAPTION,
                draw=partial(plots.cmc, curves={f"{one.recogniser}, {one.search}": np.array(one.cmc) for one in found}),
            ),
            Plot(
                name="fnir",
                draw=partial(_draw_fnir, list(each)),
                caption="The share of mated searches that miss the subject (FNIR) over the share of non-mated searches "
                "with a candidate (FPIR), one line for each number of enrolled people. Lower left is better; it is "
                "harder with a larger gallery.",
            ),
        ],
        notes=[
            *protocol,
            "Probes and references without a found face count as misses. A larger gallery finds more strangers at the "
            "same threshold: FPIR is roughly 1 - (1 - FMR)^N. Behind each FNIR stands on how many strangers who were "
            "named its threshold rests.",
            "Intervals are of 1,000 resamples of the people. They are of the rates at these thresholds, as if those "
            "had been given.",
            *filter(None, [LIMITS.get(dataset.description.name)]),
        ],
    )


def _table(title: str, found: Sequence[Identified]) -> Table:
    rates = [rate.fpir for rate in found[0].rates]
    return Table(
        title=f"{title}: {found[0].mated:,} mated and {found[0].non_mated:,} non-mated searches",
        columns=(
            "recogniser",
            *(f"FNIR at FPIR {rate:g}" for rate in rates),
            "rank 1",
            "95 % interval",
            *(f"rank {most}" for most in RANKS[1:]),
        ),
        rows=[
            (
                one.recogniser,
                *(f"{rate_text(rate.fnir, rate.low, rate.high)} on {rate.false_positives}" for rate in one.rates),
                f"{one.rank[1]:.2%}",
                interval_text(*one.rank_one, percent=True),
                *(f"{one.rank[most]:.2%}" for most in RANKS[1:]),
            )
            for one in found
        ],
    )


def _draw_fnir(each: Sequence[SearchScores], figure: Any) -> None:
    axes = figure.add_subplot()
    for scores in each:
        found = scores.found[FUSION]
        nearest, mated = np.sort(found.other[~scores.mated]), scores.mated
        rates = np.logspace(np.log10(LEAST_FALSE / len(nearest)), 0, 100)
        missed = [
            ((found.mate[mated] > threshold_at(nearest, rate)) | (found.rank[mated] != 1)).mean() for rate in rates
        ]
        # A logarithmic axis cannot show 0: it is drawn below one in all.
        axes.plot(rates, np.maximum(missed, 0.2 / mated.sum()), label=scores.name)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="false positive identification rate",
        ylabel="false negative identification rate",
    )
    axes.grid(alpha=0.3)
    axes.legend()
