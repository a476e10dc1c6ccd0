"""FMR and FNMR of small faces that are processed as a crowd's, at several distances between the eyes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.extractor import middle_face
from benchmarks.accuracy.wording import rate_text, small_rate_text
from benchmarks.degradation.degradation_levels import at_eye_distance
from benchmarks.gate.gate_probes import Probe, templates_of
from benchmarks.gate.gate_report import MOST_TIMES, OPERATING_POINTS
from benchmarks.harness.benchmark import Context, Table, Target
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.probe.sample import Sampler
from matcher.probe.small_faces import LEAST_EYE_DISTANCE, SmallFaceGate
from matcher.process.child_process import cores
from matcher.recognition.image import decode_image, encode_jpeg
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT, load_operating_points
from matcher.recognition.quality import QualityGate

Flags = NDArray[np.bool_]

SIZES = (20.0, 16.0, 12.0, 10.0, 8.0, 6.0, 5.0, 4.0)
QUICK_SIZES = (20.0, 8.0)
QUALITY = 90
NOBODY = Probe(reasons=("no_face",))

Rate = tuple[float, float, float]
"""A rate and the ends of its 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """One distance between the eyes, in pixels. searched: the number of `people` with a usable face. fmr, fnmr: by
    operating point, of `non_mated` and `mated` pairs."""

    eye_distance: float
    people: int
    searched: int
    non_mated: int
    mated: int
    fmr: Mapping[str, Rate]
    fnmr: Mapping[str, Rate]

    def target(self) -> Target:
        """True if the FMR is no higher than that of the operating points."""
        times = {point: self.fmr[point][1] / rate for point, rate in OPERATING_POINTS.items()}
        worst = max(times, key=lambda point: times[point])
        return Target(
            aim=f"eyes {self.eye_distance:g} px apart: FMR's low end at most {MOST_TIMES:g} × each operating point's",
            measured=f"{times[worst]:.2f} × at {worst}",
            met=times[worst] <= MOST_TIMES,
        )


def measured(people: Mapping[str, Sequence[Path]], context: Context) -> list[Size]:
    """Compares each person's first picture, scaled down, with all people's unscaled pictures and the person's second
    one."""
    sizes = QUICK_SIZES if context.quick else SIZES
    pool = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"), initializer=_load)
    try:
        first = _each(pool, [pictures[0] for pictures in people.values()], (None, *sizes), context)
        second = {name: pictures[1] for name, pictures in people.items() if len(pictures) > 1}
        mates = dict(zip(second, _each(pool, list(second.values()), (None,), context), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)
    comparison = Comparison(
        names=tuple(people),
        references=[probes[None] for probes in first],
        mates={name: probes[None] for name, probes in mates.items()},
    )
    return [comparison.at(size, [probes[size] for probes in first]) for size in sizes]


def _each(
    pool: ProcessPoolExecutor, pictures: Sequence[Path], sizes: tuple[float | None, ...], context: Context
) -> list[Mapping[float | None, Probe]]:
    found = []
    with context.progress.step(f"pictures at {len(sizes)} sizes", total=len(pictures)) as advance:
        for probes in pool.map(partial(_probes, sizes=sizes), pictures):
            found.append(probes)
            advance(1)
    return found


class _Worker:
    """The state that a process keeps between its jobs."""

    sampler: Sampler
    gate: QualityGate


def _load() -> None:
    _Worker.sampler = Sampler(load_recogniser(eager=True), QualityGate())
    _Worker.gate = SmallFaceGate.of(QualityGate(), least_eye_distance=LEAST_EYE_DISTANCE)


def _probes(picture: Path, sizes: tuple[float | None, ...]) -> Mapping[float | None, Probe]:
    """The job of a process: one picture at each size, None being as it is."""
    sampler = _Worker.sampler
    image = decode_image(picture.read_bytes())
    faces = sampler.recogniser.detect([image])[0]
    if not faces:
        return dict.fromkeys(sizes, NOBODY)
    face = middle_face(image, faces)
    return {
        size: _probe(encode_jpeg(image if size is None else at_eye_distance(image, face, size), QUALITY))
        for size in sizes
    }


def _probe(data: bytes) -> Probe:
    """The template of the largest face."""
    photograph = _Worker.sampler.crowd(data, _Worker.gate)
    if not photograph.faces:
        return NOBODY
    face = photograph.faces[0]
    if face.reasons:
        return Probe(reasons=tuple(reason.value for reason in face.reasons))
    return Probe(template=_Worker.sampler.samples(photograph.image, [face])[0].template)


class Comparison:
    """Dissimilarities of small probes and unscaled pictures. names: of the people; references: theirs; mates: second
    pictures."""

    def __init__(self, *, names: tuple[str, ...], references: Sequence[Probe], mates: Mapping[str, Probe]) -> None:
        self._names = names
        self._references = templates_of([f"{name}/reference" for name in names], references)
        self._mates = templates_of([f"{name}/mate" for name in names], [mates.get(name, NOBODY) for name in names])
        self._fusion = next(one for one in comparators() if one.name == FUSION)
        self._bootstrap = SubjectBootstrap(len(names))
        points = load_operating_points()
        self._thresholds = {point: points[point].threshold for point in OPERATING_POINTS}

    def at(self, eye_distance: float, probes: Sequence[Probe]) -> Size:
        """The figures of one size. probes: of all people, in the order of the names."""
        templates = templates_of(self._names, probes)
        everybody = np.arange(len(self._names))
        others = everybody + len(self._names)
        apart = self._fusion.against(templates + self._references, everybody, others)
        np.fill_diagonal(apart, np.inf)
        mated = self._fusion.pairs(templates + self._mates, everybody, others)
        found, known = templates.found, self._references.found
        pairs = int(found.sum()) * int(known.sum()) - int((found & known).sum())
        return Size(
            eye_distance=eye_distance,
            people=len(self._names),
            searched=int(found.sum()),
            non_mated=pairs,
            mated=int(np.isfinite(mated).sum()),
            fmr={point: self._fmr(apart <= limit, found, known, pairs) for point, limit in self._thresholds.items()},
            fnmr={point: self._fnmr(mated, limit) for point, limit in self._thresholds.items()},
        )

    def _fmr(self, matched: Flags, found: Flags, known: Flags, pairs: int) -> Rate:
        one, other = np.nonzero(matched)
        all_pairs = self._bootstrap.all_pairs(found.astype(np.int64), known.astype(np.int64))
        low, high = self._bootstrap.interval(
            np.ones(len(one), bool), all_pairs, one, other, comparisons=pairs, people=int(found.sum())
        )
        return len(one) / max(pairs, 1), low, high

    def _fnmr(self, mated: NDArray[np.float64], threshold: float) -> Rate:
        people = np.flatnonzero(np.isfinite(mated))
        missed = mated[people] > threshold
        low, high = self._bootstrap.rate(missed, people, people)
        return float(missed.sum()) / max(len(missed), 1), low, high


def size_table(sizes: Sequence[Size]) -> Table:
    """One row for each size."""
    return Table(
        title="small faces, searched for as a crowd's",
        columns=(
            "eyes, px",
            "searched",
            *(f"FMR at {point}, 95 % interval" for point in OPERATING_POINTS),
            f"FNMR at {DEFAULT_OPERATING_POINT}, 95 % interval",
            "mated",
        ),
        rows=[
            (
                f"{size.eye_distance:g}",
                f"{size.searched:,} of {size.people:,}",
                *(small_rate_text(*size.fmr[point]) for point in OPERATING_POINTS),
                rate_text(*size.fnmr[DEFAULT_OPERATING_POINT]),
                f"{size.mated:,}",
            )
            for size in sizes
        ],
    )
