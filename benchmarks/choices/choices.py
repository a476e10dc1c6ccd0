"""Compares the choices for recognition, and the gain of each step: on LFW's view 1, never on view 2.

Alignment, mirror images and the detector's size by the error rates of SFace and dlib's network alone; the weight of the
fusion by the FNMR at FMR 1e-4 and 1e-5; the combination of several references of a person by searches of people with
three references each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import Comparator
from benchmarks.accuracy.templates import Templates, extract
from benchmarks.accuracy.verification import scored
from benchmarks.accuracy.view1 import TITLE, view1
from benchmarks.accuracy.wording import rate_text
from benchmarks.choices import variants
from benchmarks.choices.pooling import POOLINGS, Pooled, pooled
from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Plot, Result, Table
from matcher.columns.vectors import DIMENSION
from matcher.evaluation.error_rates import false_non_match_rate, folded_accuracy, threshold_at
from matcher.evaluation.interval import wilson
from matcher.recognition.fusion import Metric, Part
from matcher.recognition.registry import DEFAULT_FUSION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]

RATES = (1e-3, 1e-4, 1e-5)
CHOSEN_AT = ("1e-04", "1e-05")
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0)
QUICK_EVERY = 20

_BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Step:
    """One way of making and comparing vectors.

    accuracy: of each part of view 1 at the other part's best threshold, the mean. fnmr: by FMR over all pairs of
    different people. in_use: true if the service uses it.
    """

    what: str
    accuracy: float
    fnmr: Mapping[str, float]
    mated: int
    in_use: bool


class ChoicesBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "choices"
    summary = (
        "What each step of recognition gains on LFW's view 1: alignment, mirror images, fusion, several references"
    )

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on few pictures."""
        lfw = Lfw.at(context.root_of("lfw"))
        trials = view1(lfw)[:: QUICK_EVERY if context.quick else 1]
        names = sorted({name for trial in trials for name in (trial.probe, trial.reference)})
        templates = extract(lfw, names, context, variants.VariantExtractor())
        compared = _Compared(lfw, trials, templates)
        sface = [_comparator(name, Metric.COSINE) for name in variants.SFACE_STEPS]
        dlib = [_comparator(name, Metric.EUCLIDEAN) for name in variants.DLIB_STEPS]
        fused = [_fusion(one, other, DEFAULT_FUSION.weights["dlib"]) for one, other in FUSED]
        weighted = [_fusion(*variants.IN_USE, weight) for weight in WEIGHTS]
        with context.progress.step("comparing", total=len(sface + dlib + fused + weighted)) as advance:
            steps = {
                "SFace": [compared.step(one, advance) for one in sface],
                "dlib's network": [compared.step(one, advance) for one in dlib],
                "Both together": [compared.step(one, advance) for one in fused],
            }
            curve = {weight: compared.step(one, advance) for weight, one in zip(WEIGHTS, weighted, strict=True)}
        people = [one for column in POOLED for one in pooled(templates, column, trials)]
        return Result(
            figures={
                "dataset": TITLE,
                "pictures": len(names),
                "faces_not_found": len(templates.failed),
                "non_mated": compared.non_mated,
                "steps": {name: [asdict(step) for step in each] for name, each in steps.items()},
                "dlib_weight_in_use": DEFAULT_FUSION.weights["dlib"],
                "dlib_weight_best": best_weight(curve),
                "fnmr_by_weight": {str(weight): dict(step.fnmr) for weight, step in curve.items()},
                "pooling": [asdict(one) for one in people],
            },
            tables=[
                *(_steps_table(name, each) for name, each in steps.items()),
                _weights_table(curve),
                _pooling_table(people),
            ],
            plots=[
                Plot(
                    name="weights",
                    draw=partial(_draw_weights, curve),
                    caption="How many people are missed, by how much dlib's opinion counts beside SFace's. Lower is "
                    "better; where the lines are flat, the weight hardly matters.",
                )
            ],
            notes=[
                f"{TITLE}: {len(trials):,} pairs for the accuracy, and all {compared.non_mated:,} pairs of different "
                f"people among its {len(names):,} pictures for the false match rates. Nothing was chosen on view 2.",
                "Differences of a few mated pairs of 1,600 are chance; a step is in use where several rates agree.",
                "dlib's 68 points are no part of the service: the pictures that their predictor learnt from exclude "
                "commercial use (dlib-models, README).",
                "Several references: people with three pictures or more, two of them as references, all pictures of "
                "the others as strangers. Learnt parameters come from the people of view 1's larger part, and all "
                "methods are compared on those of its smaller part.",
            ],
        )


FUSED = (
    (variants.DETECTED, variants.DLIB_UPRIGHT),
    (variants.DETECTED + variants.MIRRORED, variants.DLIB_UPRIGHT + variants.MIRRORED),
    (variants.REFINED, variants.DLIB_REFINED),
    variants.IN_USE,
    (variants.REFINED + variants.MIRRORED, variants.DLIB_PADDINGS + variants.MIRRORED),
)


def _comparator(step: str, metric: Metric) -> Comparator:
    return Comparator(name=step, digest="", parts=(Part(embedder=step, dimension=DIMENSION, metric=metric),))


def _fusion(sface: str, dlib: str, weight: float) -> Comparator:
    parts = (
        Part(embedder=sface, dimension=DIMENSION, metric=Metric.COSINE),
        Part(embedder=dlib, dimension=DIMENSION, metric=Metric.EUCLIDEAN, weight=weight),
    )
    return Comparator(name=f"SFace {sface}; dlib {dlib}", digest="", parts=parts)


POOLED = (
    replace(_fusion(*variants.IN_USE, DEFAULT_FUSION.weights["dlib"]), name="both"),
    replace(_comparator(variants.IN_USE[0], Metric.COSINE), name="SFace"),
    replace(_comparator(variants.IN_USE[1], Metric.EUCLIDEAN), name="dlib"),
)
"""The recognisers whose references are combined: a weaker one gains more."""


class _Compared:
    """The pictures of view 1, compared by any method."""

    def __init__(self, lfw: Lfw, trials: Sequence[Trial], templates: Templates) -> None:
        self._lfw, self._trials, self._templates = lfw, trials, templates
        _, self._person = np.unique([person_of(name) for name in templates.names], return_inverse=True)
        counts = np.bincount(self._person)
        self.non_mated = (len(self._person) ** 2 - int((counts**2).sum())) // 2

    def step(self, comparator: Comparator, advance: Any) -> Step:
        """The figures of that method."""
        scores = scored(self._lfw, self._trials, self._templates, [comparator])
        mated, _ = scores.of(comparator.name)
        non_mated = np.concatenate(list(self._apart(comparator)))
        names = {part.embedder for part in comparator.parts}
        advance(1)
        return Step(
            what=comparator.name,
            accuracy=folded_accuracy(scores.dissimilarity[comparator.name], scores.mated, scores.fold).mean,
            fnmr={
                f"{rate:.0e}": false_non_match_rate(mated, threshold_at(non_mated, rate))
                for rate in RATES
                if rate * len(non_mated) >= 10
            },
            mated=len(mated),
            in_use=names <= set(variants.IN_USE),
        )

    def _apart(self, comparator: Comparator) -> Iterator[NDArray[np.float32]]:
        everything = np.arange(len(self._person))
        for begin in range(0, len(everything), _BLOCK):
            rows, columns = everything[begin : begin + _BLOCK], everything[begin:]
            later = columns[None, :] > rows[:, None]
            different = self._person[rows][:, None] != self._person[columns][None, :]
            yield comparator.against(self._templates, rows, columns)[later & different]


def best_weight(curve: Mapping[float, Step]) -> float:
    """The weight with the least FNMR on average over CHOSEN_AT (or all rates, if those were not measured).

    Of several equally good ones the middle one, which is farthest from worse ones.
    """
    losses = {}
    for weight, step in curve.items():
        rates = [fnmr for rate, fnmr in step.fnmr.items() if rate in CHOSEN_AT] or list(step.fnmr.values())
        losses[weight] = round(sum(rates) / max(len(rates), 1), 9)
    tied = sorted(weight for weight, loss in losses.items() if loss == min(losses.values()))
    return tied[len(tied) // 2]


def _steps_table(name: str, steps: Sequence[Step]) -> Table:
    rates = list(steps[0].fnmr)
    return Table(
        title=f"{name}, by its steps",
        columns=("step", "in use", "right", *(f"FNMR at FMR {rate}" for rate in rates)),
        rows=[
            (
                step.what,
                "yes" if step.in_use else "",
                f"{step.accuracy:.2%}",
                *(_fnmr_text(step.fnmr[rate], step.mated) for rate in rates),
            )
            for step in steps
        ],
    )


def _fnmr_text(fnmr: float, mated: int) -> str:
    return rate_text(fnmr, *wilson(round(fnmr * mated), mated))


def _weights_table(curve: Mapping[float, Step]) -> Table:
    rates = list(next(iter(curve.values())).fnmr)
    return Table(
        title=f"dlib's weight beside SFace's 1; in use: {DEFAULT_FUSION.weights['dlib']}",
        columns=("weight", "right", *(f"FNMR at FMR {rate}" for rate in rates)),
        rows=[
            (f"{weight:g}", f"{step.accuracy:.2%}", *(f"{step.fnmr[rate]:.4f}" for rate in rates))
            for weight, step in curve.items()
        ],
    )


def _pooling_table(people: Sequence[Pooled]) -> Table:
    rates = list(people[0].fnmr) if people else []
    return Table(
        title="Several references of a person",
        columns=(
            "recogniser",
            "taken together by",
            "mated probes",
            "people",
            *(f"FNMR at FMR {rate}" for rate in rates),
        ),
        rows=[
            (
                one.recogniser,
                POOLINGS[one.name].format(learnt=one.learnt),
                str(one.probes),
                str(one.people),
                *(_fnmr_text(one.fnmr[rate], one.probes) for rate in rates),
            )
            for one in people
        ],
    )


def _draw_weights(curve: Mapping[float, Step], figure: "Figure") -> None:
    axes = figure.add_subplot()
    for rate in next(iter(curve.values())).fnmr:
        axes.plot(list(curve), [step.fnmr[rate] for step in curve.values()], "o-", label=f"FMR {rate}")
    axes.axvline(DEFAULT_FUSION.weights["dlib"], linestyle=":", color="grey", label="in use")
    axes.set(xlabel="dlib's weight beside SFace's 1", ylabel="false non-match rate", yscale="log")
    axes.legend()
