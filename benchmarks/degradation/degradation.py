"""The needs of recognition: probes are degraded, references are not. The measurement uses mated pairs of LFW view 1.
`ingest.check.suitability` judges cameras by the result. A face that the detector does not find counts as missed. Head
turns are taken from the pictures as they are. Large nods are rare there, so they are also simulated.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.accuracy.extractor import middle_face
from benchmarks.accuracy.view1 import TITLE as DATASET
from benchmarks.datasets.lfw import Lfw, Pair
from benchmarks.degradation.degradation_levels import CURVES, Curve, Level, at_eye_distance
from benchmarks.degradation.degradation_needs import MOST_FNMR, need_of
from benchmarks.degradation.degradation_report import plots, tables
from benchmarks.harness.benchmark import Advance, Context, Result
from benchmarks.harness.errors import MeasurementError
from ingest.analysis.close_look import nod
from matcher.evaluation.interval import wilson
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.image import decode_image
from matcher.recognition.needs import NEEDS
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT, OperatingPoint, load_operating_points
from matcher.recognition.quality import Quality
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template

OPERATING_POINTS = (DEFAULT_OPERATING_POINT, "fmr-1e-4")
PAIRS = 250
"""The number of pairs, an even sample of view 1's 1,600 mated ones: each level is measured on all of them."""
QUICK_PAIRS = 4
THREADS = 2
EDGES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 90.0)
LEVEL_YAW = 25.0
"""Nods are measured on faces turned no further than this, in degrees."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A picture whose face was found: its measures and its template. nod: see `ingest.analysis.close_look`."""

    image: Image
    face: Face
    quality: Quality
    nod: float | None
    template: Template


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The result for one probe. quality: None when no face was found, and then dissimilarity is infinite.

    bits_per_pixel: of the compressed picture, NaN when it was not compressed.
    """

    quality: Quality | None
    dissimilarity: float
    nod: float | None = None
    bits_per_pixel: float = float("nan")


class DegradationBenchmark:
    """Writes the package's needs, unless it is a quick run."""

    name = "degradation"
    summary = (
        "How small, blurred, noisy, compressed, dark or turned a face may be: FNMR on degraded pictures of LFW view 1"
    )

    def run(self, context: Context) -> Result:
        """Measures; with `quick` on few pairs, and then nothing is written into the package."""
        lfw = Lfw(context.data)
        pairs = [pair for pair in (*lfw.view1_train(), *lfw.view1_test()) if pair.mated]
        pairs = pairs[:: len(pairs) // QUICK_PAIRS] if context.quick else pairs
        points = {name: load_operating_points()[name] for name in OPERATING_POINTS}
        recogniser = load_recogniser(eager=True)
        with ThreadPoolExecutor(THREADS) as threads:
            samples = _gathered(recogniser, pairs, threads, context)
            both = [(samples[pair.left], samples[pair.right]) for pair in pairs if _both(samples, pair)]
            taken = [both[place] for place in np.linspace(0, len(both) - 1, min(PAIRS, len(both))).astype(int)]
            measuring = Measuring(recogniser, taken, points, threads, context)
            curves = [measuring.curve(curve) for curve in CURVES]
        curves += poses(both, points)
        needs = {curve["name"]: need for curve in curves if (need := need_of(curve)) is not None}
        document = {
            "model_digest": recogniser.model_digest,
            "dataset": DATASET,
            "operating_point": DEFAULT_OPERATING_POINT,
            "fnmr": curves[0]["as_it_is"][DEFAULT_OPERATING_POINT]["fnmr"],
            "most_fnmr": MOST_FNMR,
            "measured_on": datetime.now(UTC).date().isoformat(),
            "nods": nods_of(curves),
            "nod_spread": float(np.std([one.nod for one in samples.values() if one.nod is not None])),
            "quantities": {name: asdict(need) for name, need in needs.items()},
        }
        if not context.quick:
            path = Path(str(files("matcher.recognition").joinpath(NEEDS)))
            path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return Result(
            figures={
                "dataset": DATASET,
                "mated_pairs_in_view_1": len(pairs),
                "mated_pairs_without_a_face": len(pairs) - len(both),
                "curves": curves,
                "needs": document,
                "written_into_package": not context.quick,
            },
            tables=tables(curves, needs),
            plots=plots(curves),
            notes=[
                f"{len(taken)} of the {len(pairs):,} mated pairs of {DATASET}; one picture of each is degraded, the "
                "other is not. A face that is no longer found counts as missed. Intervals are Wilson's.",
                "Turns and small nods are those of view 1's own pairs, grouped by angle; few are large. Nods of 10 to "
                "50 degrees are also simulated by rotating the picture as a surface in 3-D.",
                "Simulated degradation only resembles that of a camera. `clearglass camera check` compares a camera "
                "with these limits.",
            ],
        )


def _gathered(
    recogniser: Recogniser, pairs: Sequence[Pair], threads: ThreadPoolExecutor, context: Context
) -> dict[Path, Sample]:
    """Every picture of the pairs as it is; without those on which no face was found."""
    pictures = sorted({picture for pair in pairs for picture in (pair.left, pair.right)})

    def gather(picture: Path) -> Sample | None:
        return sample(recogniser, decode_image(picture.read_bytes()))

    with context.progress.step("as they are", total=len(pictures)) as advance:
        found = dict(zip(pictures, _each(threads, gather, pictures, advance), strict=True))
    samples = {picture: sample for picture, sample in found.items() if sample is not None}
    if not samples:
        raise MeasurementError("No face was found in any picture.", remedy="Check the data set.")
    return samples


def sample(recogniser: Recogniser, image: Image) -> Sample | None:
    """The face in the middle of a picture; None where the detector finds none."""
    faces = recogniser.detect([image])[0]
    if not faces:
        return None
    face = middle_face(image, faces)
    (quality,) = recogniser.assess([image], [face])
    (template,) = recogniser.extract([image], [face])
    pitch = nod(recogniser, image, face)
    return Sample(image=image, face=face, quality=quality, nod=pitch, template=template)


def _both(samples: Mapping[Path, Sample], pair: Pair) -> bool:
    return pair.left in samples and pair.right in samples


def _each(threads: ThreadPoolExecutor, do: Callable[[T], U], what: Sequence[T], advance: Advance) -> list[U]:
    """In order, by all threads; the progress bar moves with each."""

    def one(thing: T) -> U:
        done = do(thing)
        advance(1)
        return done

    return list(threads.map(one, what))


class Measuring:
    """Measures curves on the same pairs, with common steps done once."""

    def __init__(
        self,
        recogniser: Recogniser,
        pairs: Sequence[tuple[Sample, Sample]],
        points: Mapping[str, OperatingPoint],
        threads: ThreadPoolExecutor,
        context: Context,
    ) -> None:
        self._recogniser = recogniser
        self._pairs = pairs
        self._points = points
        self._threads = threads
        self._context = context
        self._as_they_are: dict[float | None, dict[str, Any]] = {}

    def curve(self, curve: Curve) -> dict[str, Any]:
        """A curve's figures: the baseline (pictures at the curve's eye distance, not degraded otherwise), and each
        level."""
        return {
            "name": curve.name,
            "label": curve.label,
            "unit": curve.unit,
            "judged_by": curve.judged_by,
            "as_it_is": self._base(curve.eye_distance),
            "levels": [
                {"value": level.value, **self._figures(f"{curve.name} {level.value:g}", curve.eye_distance, level)}
                for level in curve.levels
            ],
        }

    def _base(self, eye_distance: float | None) -> dict[str, Any]:
        if eye_distance not in self._as_they_are:
            self._as_they_are[eye_distance] = self._figures("otherwise as they are", eye_distance, None)
        return self._as_they_are[eye_distance]

    def _figures(self, title: str, eye_distance: float | None, level: Level | None) -> dict[str, Any]:
        look = partial(probed, self._recogniser, eye_distance, level)
        with self._context.progress.step(title, total=len(self._pairs)) as advance:
            return figures(_each(self._threads, look, self._pairs, advance), self._points)


def probed(
    recogniser: Recogniser, eye_distance: float | None, level: Level | None, pair: tuple[Sample, Sample]
) -> Seen:
    """The result for the second picture of a pair as the degraded probe; the first is the reference."""
    reference, original = pair
    face = original.face
    image = original.image if eye_distance is None else at_eye_distance(original.image, face, eye_distance)
    bits = float("nan")
    if level is not None:
        image, bits = level.degrade(image, face)
    probe = sample(recogniser, image)
    if probe is None:
        return Seen(quality=None, dissimilarity=float("inf"), bits_per_pixel=bits)
    apart = DEFAULT_FUSION.compare(probe.template, reference.template).fused
    return Seen(quality=probe.quality, dissimilarity=apart, nod=probe.nod, bits_per_pixel=bits)


def figures(seen: Sequence[Seen], points: Mapping[str, OperatingPoint]) -> dict[str, Any]:
    """Figures of at least one probe: failures to acquire, medians of the measured quality, FNMR at each operating
    point."""
    qualities = [one.quality for one in seen if one.quality is not None]
    names = ("eye_distance", "sharpness", "yaw", "brightness")
    medians = {name: float(np.median([getattr(quality, name) for quality in qualities])) for name in names if qualities}
    nods = [one.nod for one in seen if one.nod is not None]
    bits = [one.bits_per_pixel for one in seen if np.isfinite(one.bits_per_pixel)]
    found: dict[str, Any] = {
        "n": len(seen),
        "not_found": len(seen) - len(qualities),
        "median": medians | ({"nod": float(np.median(nods))} if nods else {}),
        "bits_per_pixel": float(np.median(bits)) if bits else None,
    }
    for name, point in points.items():
        missed = sum(one.dissimilarity > point.threshold for one in seen)
        low, high = wilson(missed, len(seen))
        found[name] = {"missed": missed, "fnmr": missed / len(seen), "fnmr_low": low, "fnmr_high": high}
    return found


def poses(pairs: Sequence[tuple[Sample, Sample]], points: Mapping[str, OperatingPoint]) -> list[dict[str, Any]]:
    """Curves of the turns and nods that occur in the pictures. The probe is the one of a pair that turns or nods more.

    Large nods are rare in news photographs: a camera's bounds come from simulated nods.
    """
    level = [pair for pair in pairs if all(abs(one.quality.yaw) <= LEVEL_YAW and one.nod is not None for one in pair)]
    return [
        _binned("yaw", "turned to the side", "to", pairs, lambda one: abs(one.quality.yaw), points),
        _binned("nods_down", "nodding, as measured", None, level, lambda one: one.nod or 0.0, points),
        _binned("nods_up", "looking up, as measured", None, level, lambda one: -(one.nod or 0.0), points),
    ]


def _binned(
    name: str,
    label: str,
    judged_by: str | None,
    pairs: Iterable[tuple[Sample, Sample]],
    angle: Callable[[Sample], float],
    points: Mapping[str, OperatingPoint],
) -> dict[str, Any]:
    """Figures of a measured angle, bin by bin: from `value` up to `to` degrees."""
    seen: list[tuple[float, Seen]] = []
    for one, other in pairs:
        probe = max(one, other, key=angle)
        apart = DEFAULT_FUSION.compare(one.template, other.template).fused
        seen.append((angle(probe), Seen(quality=probe.quality, dissimilarity=apart, nod=probe.nod)))
    bins = []
    for low, high in pairwise(EDGES):
        inside = [one for value, one in seen if low <= value < high]
        if inside:
            bins.append({"value": low, "to": high, **figures(inside, points)})
    return {
        "name": name,
        "label": label,
        "unit": "degrees",
        "judged_by": judged_by,
        "as_it_is": figures([one for _, one in seen], points),
        "levels": bins,
    }


def nods_of(curves: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Pairs of a simulated nod and the median of its measurements, ascending. Each direction ends at the first level
    whose median does not increase further."""
    up, down = (next(curve for curve in curves if curve["name"] == name) for name in ("pitch_up", "pitch_down"))
    straight = (0.0, float(down["as_it_is"]["median"]["nod"]))
    rising, falling = [straight], [straight]
    for level in down["levels"]:
        if level["median"].get("nod", -90.0) <= rising[-1][1]:
            break
        rising.append((level["value"], level["median"]["nod"]))
    for level in up["levels"]:
        if level["median"].get("nod", 90.0) >= falling[-1][1]:
            break
        falling.append((level["value"], level["median"]["nod"]))
    return [*reversed(falling[1:]), *rising]
