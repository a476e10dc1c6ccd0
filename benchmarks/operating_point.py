"""Measures the thresholds on LFW view 1, and the weight with which dlib's distance is added to SFace's.

View 2 is not looked at: it is for the final number. Every picture of view 1 is compared with every picture of another
person; the mated pairs are those of view 1's lists.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.benchmark import Context, Plot, Result, Table
from benchmarks.datasets.lfw import Lfw, Pair
from benchmarks.errors import MeasurementError
from matcher.evaluation.interval import wilson
from matcher.recognition.face import Face, Image
from matcher.recognition.fusion import DLIB_WEIGHT
from matcher.recognition.image import decode_image
from matcher.recognition.operating_point import (
    OPERATING_POINTS,
    OperatingPoint,
    OperatingPointError,
    parse_operating_points,
)
from matcher.recognition.pipeline import load_recogniser
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.template import Template

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

DATASET = "LFW deep-funneled, view 1"
RATES = (1e-3, 1e-4, 1e-5, 1e-6)
CHOSEN_AT = (1e-4, 1e-5)
WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0)
QUICK_PAIRS = 150
BATCH = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """The templates of a set of pictures and who is on them. missed: pictures without a found face, not in the rows.

    sface, dlib: (n, 128). person: (n,) a number for each person. row: the row of each picture that has one.
    """

    sface: Floats
    dlib: Floats
    person: Whole
    row: dict[Path, int]
    missed: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Dissimilarities by embedder. A mated pair in which a face was not found stands as infinitely far apart."""

    non_mated_sface: Floats
    non_mated_dlib: Floats
    mated_sface: Floats
    mated_dlib: Floats

    def fused(self, weight: float) -> tuple[Floats, Floats]:
        """Non-mated and mated dissimilarities, dlib's counted `weight` times."""
        heavy = np.float32(weight)
        return self.non_mated_sface + heavy * self.non_mated_dlib, self.mated_sface + heavy * self.mated_dlib


class OperatingPointBenchmark:
    """Writes the operating points that the package carries, if those there are missing, of another model or weaker."""

    name = "operating-point"
    summary = "Thresholds at false match rates of 1e-3 to 1e-6 and the fusion weight, chosen on LFW view 1"

    def run(self, context: Context) -> Result:
        """Measures; with `quick` on few pictures, and then nothing is written into the package."""
        lfw = Lfw(context.data)
        pairs = [*lfw.view1_train(), *lfw.view1_test()]
        if context.quick:
            pairs = pairs[:: len(pairs) // QUICK_PAIRS]
        recogniser = load_recogniser()
        samples = gather(recogniser, pairs, context)
        with context.progress.step("comparing", total=len(samples.person)) as advance:
            scores = compared(samples, pairs, advance)
        points = measured(scores, recogniser.model_digest)
        curve = weights_curve(scores)
        written = not context.quick and _write(points)
        return Result(
            figures={
                "dataset": DATASET,
                "pictures": len(samples.person) + len(samples.missed),
                "faces_not_found": len(samples.missed),
                "people": int(samples.person.max()) + 1,
                "dlib_weight_in_use": DLIB_WEIGHT,
                "dlib_weight_best": best_weight(curve),
                "fnmr_by_weight": curve,
                "operating_points": [asdict(point) for point in points],
                "written_into_package": written,
            },
            tables=[_points_table(points), _weights_table(curve)],
            plots=[Plot(name="weights", draw=lambda figure: _draw_weights(figure, curve))],
        )


def gather(recogniser: Recogniser, pairs: Sequence[Pair], context: Context) -> Samples:
    """Finds the face in the middle of each picture and extracts its template."""
    pictures = sorted({picture for pair in pairs for picture in (pair.left, pair.right)})
    templates: list[Template] = []
    row: dict[Path, int] = {}
    missed: list[Path] = []
    with context.progress.step("extracting", total=len(pictures)) as advance:
        waiting = iter(pictures)
        while batch := list(islice(waiting, BATCH)):
            images = [decode_image(picture.read_bytes()) for picture in batch]
            found = list(zip(batch, images, recogniser.detect(images), strict=True))
            missed += [picture for picture, _, faces in found if not faces]
            usable = [(picture, image, middle_face(image, faces)) for picture, image, faces in found if faces]
            row |= {picture: len(templates) + place for place, (picture, _, _) in enumerate(usable)}
            templates += recogniser.extract([image for _, image, _ in usable], [face for _, _, face in usable])
            advance(len(batch))
    if not templates:
        raise MeasurementError("No face was found in any picture.", remedy="Check the data set.")
    _, person = np.unique([picture.parent.name for picture in row], return_inverse=True)
    return Samples(
        sface=np.stack([template.sface for template in templates]),
        dlib=np.stack([template.dlib for template in templates]),
        person=person.astype(np.int64),
        row=row,
        missed=tuple(missed),
    )


def middle_face(image: Image, faces: Sequence[Face]) -> Face:
    """The face nearest to the middle: LFW's pictures are cut around the person they name."""
    height, width = image.shape[:2]

    def distance(face: Face) -> float:
        box = face.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return min(faces, key=distance)


def compared(samples: Samples, pairs: Sequence[Pair], advance: Any = None) -> Scores:
    """Every picture with every other of another person, and the mated pairs."""
    sface, dlib = [], []
    squares = (samples.dlib**2).sum(axis=1)
    for row in range(len(samples.person)):
        other = row + 1 + np.flatnonzero(samples.person[row + 1 :] != samples.person[row])
        sface.append(np.maximum(1 - samples.sface[other] @ samples.sface[row], 0))
        apart = squares[other] + squares[row] - 2 * (samples.dlib[other] @ samples.dlib[row])
        dlib.append(np.sqrt(np.maximum(apart, 0)))
        if advance is not None:
            advance(1)
    mated = [(samples.row.get(pair.left), samples.row.get(pair.right)) for pair in pairs if pair.mated]
    return Scores(
        non_mated_sface=np.concatenate(sface),
        non_mated_dlib=np.concatenate(dlib),
        mated_sface=np.array([_apart(samples, one, other)[0] for one, other in mated], np.float32),
        mated_dlib=np.array([_apart(samples, one, other)[1] for one, other in mated], np.float32),
    )


def _apart(samples: Samples, one: int | None, other: int | None) -> tuple[float, float]:
    if one is None or other is None:
        return math.inf, math.inf
    cosine = float(samples.sface[one] @ samples.sface[other])
    return max(1 - cosine, 0.0), float(np.linalg.norm(samples.dlib[one] - samples.dlib[other]))


def measured(scores: Scores, model_digest: str) -> tuple[OperatingPoint, ...]:
    """An operating point for each of RATES that the non-mated pairs can bear: ten of them at it or closer."""
    non_mated, mated = scores.fused(DLIB_WEIGHT)
    today = datetime.now(UTC).date().isoformat()
    points = []
    for rate in RATES:
        if rate * len(non_mated) < 10:
            continue
        threshold = math.floor(threshold_at(non_mated, rate) * 1e4) / 1e4
        false = int((non_mated <= threshold).sum())
        low, high = wilson(false, len(non_mated))
        points.append(
            OperatingPoint(
                name=f"fmr-1e-{round(-math.log10(rate))}",
                threshold=threshold,
                model_digest=model_digest,
                dataset=DATASET,
                non_mated=len(non_mated),
                fmr=false / len(non_mated),
                fmr_low=low,
                fmr_high=high,
                mated=len(mated),
                fnmr=float((mated > threshold).mean()),
                measured_on=today,
            )
        )
    return tuple(points)


def threshold_at(non_mated: Floats, rate: float) -> float:
    """The largest dissimilarity at which no more than `rate` of the non-mated pairs are at it or closer."""
    place = max(int(rate * len(non_mated)) - 1, 0)
    return float(np.partition(non_mated, place)[place])


def weights_curve(scores: Scores) -> dict[str, dict[str, float]]:
    """FNMR by weight and by false match rate."""
    curve = {}
    for weight in WEIGHTS:
        non_mated, mated = scores.fused(weight)
        thresholds = {rate: threshold_at(non_mated, rate) for rate in RATES if rate * len(non_mated) >= 10}
        curve[str(weight)] = {f"{rate:.0e}": float((mated > edge).mean()) for rate, edge in thresholds.items()}
    return curve


def best_weight(curve: dict[str, dict[str, float]]) -> float:
    """The weight with the least FNMR on average over CHOSEN_AT (or all rates, if those were not measured).

    Of several that are equally good the middle one, since that is farthest from where it becomes worse.
    """
    wanted = {f"{rate:.0e}" for rate in CHOSEN_AT}
    losses = {}
    for weight, row in curve.items():
        rates = [fnmr for rate, fnmr in row.items() if rate in wanted] or list(row.values())
        losses[float(weight)] = round(sum(rates) / max(len(rates), 1), 9)
    tied = sorted(weight for weight, loss in losses.items() if loss == min(losses.values()))
    return tied[len(tied) // 2]


def _write(points: Sequence[OperatingPoint]) -> bool:
    """Writes the package's file unless it holds points of this very model on as many pairs; whether it did."""
    path = Path(str(files("matcher.recognition").joinpath(OPERATING_POINTS)))
    try:
        present = parse_operating_points(path.read_bytes())
    except (OSError, OperatingPointError):
        present = {}
    names = {point.name: point.non_mated for point in points}
    if all(name in present and present[name].non_mated >= pairs for name, pairs in names.items()):
        return False
    document = {"dlib_weight": DLIB_WEIGHT, "operating_points": [asdict(point) for point in points]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return True


def _points_table(points: Sequence[OperatingPoint]) -> Table:
    return Table(
        title=f"Operating points ({DATASET}, dlib's weight {DLIB_WEIGHT})",
        columns=("name", "threshold", "FMR, 95 % interval", "non-mated", "FNMR", "mated"),
        rows=[
            (
                point.name,
                f"{point.threshold:.4f}",
                f"{point.fmr:.2e} [{point.fmr_low:.2e}, {point.fmr_high:.2e}]",
                f"{point.non_mated:,}",
                f"{point.fnmr:.4f}",
                f"{point.mated:,}",
            )
            for point in points
        ],
    )


def _weights_table(curve: dict[str, dict[str, float]]) -> Table:
    rates = list(next(iter(curve.values())))
    rows = [(weight, *(f"{fnmr:.4f}" for fnmr in row.values())) for weight, row in curve.items()]
    return Table(title="FNMR by dlib's weight", columns=("weight", *(f"at FMR {rate}" for rate in rates)), rows=rows)


def _draw_weights(figure: "Figure", curve: dict[str, dict[str, float]]) -> None:
    axes = figure.add_subplot()
    for rate in next(iter(curve.values())):
        axes.plot([float(weight) for weight in curve], [row[rate] for row in curve.values()], "o-", label=f"FMR {rate}")
    axes.axvline(DLIB_WEIGHT, linestyle=":", color="grey", label="in use")
    axes.set(xlabel="dlib's weight beside SFace's 1", ylabel="false non-match rate", yscale="log")
    axes.legend()
