"""Measures the thresholds that the package carries, on LFW's view 1.

View 2's trials are not used: they are for the final number, though the two views share people. Every picture of
view 1 is compared with every picture of another person; the mated pairs are those of view 1's lists.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from benchmarks.accuracy.comparator import FUSION, comparators
from benchmarks.accuracy.pair_matrix import PairMatrix
from benchmarks.accuracy.pair_people import PairPeople
from benchmarks.accuracy.templates import extract
from benchmarks.accuracy.verification import scored
from benchmarks.accuracy.view1 import TITLE, view1
from benchmarks.datasets.lfw import Lfw, person_of
from benchmarks.harness.benchmark import Context, Result, Table
from matcher.evaluation.calibration import rounded_threshold, scale_of
from matcher.evaluation.scores import Scores
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import (
    OPERATING_POINTS,
    Measurement,
    OperatingPoint,
    OperatingPointError,
    OperatingPoints,
    load_scale,
    parse_operating_points,
)
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import FEWEST

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
QUICK_EVERY = 20


class OperatingPointBenchmark:
    """Writes the package's operating points, if the present ones are missing, of another model or weaker."""

    name = "operating-point"
    summary = "Thresholds at false match rates of 1e-3 to 1e-6, chosen on LFW's view 1"

    def run(self, context: Context) -> Result:
        """Measures; with `quick` on few pictures, and then nothing is written into the package."""
        lfw = Lfw.at(context.root_of("lfw"))
        trials = view1(lfw)[:: QUICK_EVERY if context.quick else 1]
        names = sorted({name for trial in trials for name in (trial.probe, trial.reference)})
        templates = extract(lfw, names, context)
        columns = [one for one in comparators() if one.name == FUSION]
        people = [person_of(name) for name in names]
        matrix = PairMatrix.write(context.out / self.name, templates, people, columns, context.progress)
        model = FaceModel()
        scores = scored(lfw, trials, templates, columns)
        points = tuple(measured(matrix, scores))
        scale = scale_of(
            matrix.non_mated(FUSION), dataset=TITLE, model_digest=model.digest, weights=model.fusion.weights
        )
        written = not context.quick and _write(OperatingPoints(points=points, scale=scale))
        return Result(
            figures={
                "dataset": TITLE,
                "pictures": len(names),
                "faces_not_found": len(templates.failed),
                "people": len(set(people)),
                "operating_points": [point.record() for point in points],
                "scale": scale.record(),
                "written_into_package": written,
            },
            tables=[_table(points)],
            notes=[
                f"All pairs of different people among the {len(names):,} pictures of LFW's view 1, and its "
                f"{int(scores.mated.sum()):,} mated pairs. Intervals are of 1,000 resamples of the people.",
                "These are the thresholds that the service offers. They come from news photographs; a site that can "
                "measure its own cameras should: clearglass calibrate.",
            ],
        )


def measured(matrix: PairMatrix, scores: Scores) -> Iterator[OperatingPoint]:
    """An operating point for each of RATES for which the non-mated pairs suffice. scores: of the mated pairs."""
    non_mated = matrix.non_mated(FUSION)
    people = PairPeople.of(matrix, scores)
    model = FaceModel()
    for rate in RATES:
        if rate * len(non_mated) < FEWEST:
            continue
        threshold = rounded_threshold(non_mated, rate)
        found = people.all(FUSION, threshold)
        yield OperatingPoint(
            name=f"fmr-1e-{round(-math.log10(rate))}",
            threshold=threshold,
            model_digest=model.digest,
            weights=model.fusion.weights,
            evidence=Measurement(
                model_digest=model.digest,
                weights=model.fusion.weights,
                dataset=TITLE,
                non_mated=found.rates.non_mated,
                fmr=found.rates.fmr,
                fmr_low=found.fmr_interval[0],
                fmr_high=found.fmr_interval[1],
                mated=found.rates.mated,
                fnmr=found.rates.fnmr,
                fnmr_low=found.fnmr_interval[0],
                fnmr_high=found.fnmr_interval[1],
                interval="subjects",
                measured_on=datetime.now(UTC).date().isoformat(),
            ),
        )


def _write(measured: OperatingPoints) -> bool:
    """Writes the package's file unless it has a scale and points of this model on as many pairs; returns true if it
    did."""
    path = Path(str(files("matcher.recognition").joinpath(OPERATING_POINTS)))
    try:
        present, model = parse_operating_points(path.read_bytes()), FaceModel()
        scale = load_scale(None, model_digest=model.digest, weights=model.fusion.weights)
    except (OSError, OperatingPointError):
        present, scale = {}, None
    if scale is not None and all(_pairs(present.get(point.name)) >= _pairs(point) for point in measured.points):
        return False
    path.write_bytes(measured.content())
    return True


def _pairs(point: OperatingPoint | None) -> int:
    return 0 if point is None or point.evidence is None else point.evidence.non_mated


def _table(points: Sequence[OperatingPoint]) -> Table:
    return Table(
        title=f"Operating points ({TITLE}, dlib's weight {DEFAULT_FUSION.weights['dlib']})",
        columns=("name", "threshold", "FMR, 95 % interval", "non-mated", "FNMR, 95 % interval", "mated"),
        rows=[
            (
                point.name,
                f"{point.threshold:.4f}",
                f"{found.fmr:.2e} [{found.fmr_low:.2e}, {found.fmr_high:.2e}]",
                f"{found.non_mated:,}",
                f"{found.fnmr:.4f} [{found.fnmr_low:.4f}, {found.fnmr_high:.4f}]",
                f"{found.mated:,}",
            )
            for point in points
            if (found := point.evidence) is not None
        ],
    )
