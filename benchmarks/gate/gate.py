"""How many faces pass the gate after being turned, cut, squeezed, smeared, darkened, covered or compressed. Measured on
people of LFW outside view 1, since the gate was chosen on view 1. One picture of each is handed in once for each kind
and degree, as an upload. A picture that passes is compared with all others that passed of the same kind and degree, and
with the same person's second, unchanged picture.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.templates import Templates
from benchmarks.datasets.lfw import Lfw
from benchmarks.gate.gate_kinds import KINDS, UPRIGHT, Kind
from benchmarks.gate.gate_probes import Probe, probes_of, processes, templates_of
from benchmarks.gate.gate_report import OPERATING_POINTS, Passed, Rates, plots, tables, targets
from benchmarks.harness.benchmark import Context, Result
from benchmarks.harness.errors import MeasurementError
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.recognition.operating_point import load_operating_points

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

PEOPLE, QUICK_PEOPLE = 2_000, 4
SEED = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Mated:
    """(n,) the people of the mated pairs, and the pairs' dissimilarities."""

    person: NDArray[np.int64]
    apart: NDArray[np.float64]


class GateBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "gate"
    summary = (
        "What the gate lets through of faces turned, cut, squeezed, smeared, darkened, covered, compressed; its FMR"
    )

    def run(self, context: Context) -> Result:
        """Measures. With `quick` on few people."""
        people = strangers(Lfw.at(context.root_of("lfw")), QUICK_PEOPLE if context.quick else PEOPLE)
        with processes() as pool:
            probes = _each(pool, [pictures[0] for pictures in people.values()], tuple(KINDS), context)
            second = {name: pictures[1] for name, pictures in people.items() if len(pictures) > 1}
            references = _each(pool, list(second.values()), (UPRIGHT.label,), context)
        judge = Judge(
            names=tuple(people),
            upright=[probe[UPRIGHT.label] for probe in probes],
            references=dict(zip(second, (one[UPRIGHT.label] for one in references), strict=True)),
        )
        passed = [judge.passed(kind, [probe[label] for probe in probes]) for label, kind in KINDS.items()]
        return Result(
            figures={"people": len(people), "kinds": [asdict(one) for one in passed]},
            tables=tables(passed),
            plots=plots(passed),
            targets=[] if context.quick else targets(passed),
            notes=[
                f"{len(people):,} people of LFW outside view 1, one picture of each, disturbed and handed in as an "
                "upload. False match rates are of all pairs of different people whose disturbed pictures both passed "
                f"the gate. {len(references):,} people have a second picture, which is the reference as it is: FNMR is "
                "of those whose both pictures passed. Intervals are of 1,000 resamples of the people.",
                "Of several faces in a picture the largest is taken. Angles between quarter turns are made by "
                "computation, with the picture mirrored at its edge where a real one would go on; glasses, masks and "
                "hands are drawn. What a camera does to a face is only like it.",
                "No children and no infrared pictures: the data at hand have none.",
            ],
        )


def strangers(lfw: Lfw, count: int) -> dict[str, tuple[Path, ...]]:
    """The pictures of people outside view 1: all who have two come first, then others, drawn by chance."""
    chosen = {path.parent.name for pair in (*lfw.view1_train(), *lfw.view1_test()) for path in (pair.left, pair.right)}
    everybody = {name: pictures for name, pictures in lfw.people().items() if name not in chosen}
    drawn = np.random.default_rng(SEED).permutation(sorted(everybody)).tolist()
    names = sorted(drawn, key=lambda name: len(everybody[name]) == 1)[:count]
    if len(names) < 2:
        raise MeasurementError("There are too few people outside view 1.", remedy="Check the data set.")
    return {name: everybody[name] for name in sorted(names)}


def _each(
    pool: ProcessPoolExecutor, pictures: Sequence[Path], kinds: tuple[str, ...], context: Context
) -> list[Mapping[str, Probe]]:
    """In order, by all processes."""
    found = []
    with context.progress.step(f"pictures, {len(kinds)} ways each", total=len(pictures)) as advance:
        for probes in pool.map(partial(probes_of, kinds=kinds), pictures):
            found.append(probes)
            advance(1)
    return found


class Judge:
    """Compares the pictures that passed. names: of the people. upright: their unchanged pictures; references: by
    person."""

    def __init__(self, *, names: tuple[str, ...], upright: Sequence[Probe], references: Mapping[str, Probe]) -> None:
        points = load_operating_points()
        self._points = {name: points[name] for name in OPERATING_POINTS}
        self._fusion = next(one for one in comparators() if one.name == FUSION)
        self._bootstrap = SubjectBootstrap(len(names))
        self._names = names
        self._upright = templates_of(names, upright).found
        self._references = templates_of(tuple(references), list(references.values()))
        self._person = np.array([names.index(name) for name in references], np.int64)

    def passed(self, kind: Kind, probes: Sequence[Probe]) -> Passed:
        """The figures of a kind. probes: of all people, in the order of `names`."""
        templates = templates_of(self._names, probes)
        found = templates.found
        apart = self._apart(templates)
        mated = self._mated(templates)
        return Passed(
            name=kind.name,
            degree=kind.degree,
            pictures=len(probes),
            passed=int(found.sum()),
            upright=int(self._upright.sum()),
            of_upright=int((found & self._upright).sum()),
            refused=dict(Counter(reason for probe in probes for reason in probe.reasons).most_common()),
            rates={name: self._rates(point.threshold, found, apart, mated) for name, point in self._points.items()},
        )

    def _apart(self, templates: Templates) -> Floats:
        """(n, n) between all people above the diagonal; inf elsewhere, and where one of them was refused."""
        everybody = np.arange(len(self._names))
        apart = self._fusion.against(templates, everybody, everybody)
        apart[np.tril_indices(len(everybody))] = np.inf
        return apart

    def _mated(self, templates: Templates) -> Mated:
        """The mated pairs whose picture and reference both passed."""
        both = templates + self._references
        reference = len(self._names) + np.arange(len(self._person))
        apart = self._fusion.pairs(both, self._person, reference)
        passed = np.isfinite(apart)
        return Mated(person=self._person[passed], apart=apart[passed])

    def _rates(self, threshold: float, found: Flags, apart: Floats, mated: Mated) -> Rates:
        one, other = np.nonzero(apart <= np.float32(threshold))
        people, missed = int(found.sum()), mated.apart > threshold
        pairs = people * (people - 1) // 2
        once = found.astype(np.int64)
        return Rates(
            false_matches=len(one),
            non_mated=pairs,
            fmr=len(one) / pairs if pairs else None,
            fmr_interval=self._bootstrap.interval(
                np.ones(len(one), bool),
                self._bootstrap.all_pairs(once, once),
                one,
                other,
                comparisons=pairs,
                people=people,
            ),
            misses=int(missed.sum()),
            mated=len(missed),
            fnmr=float(missed.mean()) if len(missed) else None,
            fnmr_interval=self._bootstrap.rate(missed, mated.person, mated.person),
        )
