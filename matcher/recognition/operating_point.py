"""A threshold with its evidence. A bare number is possible too, and is warned about wherever it is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Self

from matcher.errors import ClearglassError
from matcher.recognition.face_model import FaceModel
from matcher.recognition.fusion import read_weights
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import SimilarityScale

DEFAULT_OPERATING_POINT = "fmr-1e-5"
"""The strictest whose evidence holds: on LFW view 1 it rests on 123 false matches, the next on 11.

Those few closest pairs are also where the data set's own errors are: the same person under two names.
"""

OPERATING_POINTS = "operating_points.json"
"""The file beside this one that `python -m benchmarks operating-point` writes; and, of the same form, the file in the
data folder with the points that were measured at this site."""

LARGEST_THRESHOLD = 2.0
"""Beyond it everybody is like everybody: whoever sets 80 means a percentage, and there are none."""

INTERVALS = ("wilson", "subjects")

NO_EVIDENCE = "no-evidence"
"""The name of a point that is but a number."""


class OperatingPointError(ClearglassError):
    """The measured operating points are missing, unreadable or belong to another model."""

    code: ClassVar[str] = "operating_point"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The measurement a threshold comes from.

    model_digest, weights: of the model that was measured, and of its fusion by embedder. fmr: on `non_mated` pairs of
    `dataset`, with its 95 % interval [fmr_low, fmr_high]; fnmr likewise on `mated` pairs. interval: "wilson", which
    takes pairs for independent, or "subjects", of resamples of the people. measured_on: the day, as ISO 8601 has it.
    """

    model_digest: str
    weights: Mapping[str, float]
    dataset: str
    non_mated: int
    fmr: float
    fmr_low: float
    fmr_high: float
    mated: int
    fnmr: float
    fnmr_low: float
    fnmr_high: float
    interval: str = "wilson"
    measured_on: str

    def __post_init__(self) -> None:
        """Raises ValueError or TypeError where a rate is none, or rests on nothing, or is of no known origin."""
        rates = (self.fmr, self.fmr_low, self.fmr_high, self.fnmr, self.fnmr_low, self.fnmr_high)
        if not (all(0 <= rate <= 1 for rate in rates) and self.non_mated > 0 and self.mated > 0):
            raise ValueError("a measurement has rates from 0 to 1, and pairs on which they were measured")
        if not (self.dataset and isinstance(self.dataset, str) and isinstance(self.model_digest, str)):
            raise ValueError("a measurement names its data set and its model")
        if self.interval not in INTERVALS:
            raise ValueError(f"the intervals of a measurement are of a known kind: {' or '.join(INTERVALS)}")
        date.fromisoformat(self.measured_on)


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """Why a threshold may not do what its name says. code: for programs. remedy: what to do about it."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on the fused dissimilarity: a pair at or below it is called a match.

    model_digest, weights: of the model whose dissimilarities are held against it, and of its fusion. evidence: None
    where nothing was measured. site: whether it is this site's own and not the package's.
    """

    name: str
    threshold: float
    model_digest: str
    weights: Mapping[str, float]
    evidence: Measurement | None
    site: bool = False

    def used_with(self, model_digest: str, weights: Mapping[str, float]) -> Self:
        """The same threshold, held against the dissimilarities of this model and this fusion."""
        return replace(self, model_digest=model_digest, weights=weights)

    @property
    def caveat(self) -> Caveat | None:
        """What to know before one relies on it; None where it was measured with the model in use."""
        if self.evidence is None:
            return Caveat(
                code="operating_point_no_evidence",
                message="The threshold has no evidence: nobody can say how often it errs.",
                remedy="Unset CLEARGLASS_THRESHOLD, or measure a threshold of your own with clearglass calibrate.",
            )
        if (self.evidence.model_digest, self.evidence.weights) == (self.model_digest, self.weights):
            return None
        return Caveat(
            code="operating_point_other_model",
            message="The operating point was measured with another model: its error rates do not hold.",
            remedy="Measure again with the present model, and clearglass calibrate with the new scores.",
        )

    def record(self) -> dict[str, Any]:
        """As a file of operating points holds it, and the API tells it. Without evidence everything of it is None,
        and the pairs are none."""
        evidence = self.evidence
        told = {name: None if evidence is None else getattr(evidence, name) for name in _EVIDENCE}
        counts = {} if evidence is not None else {"non_mated": 0, "mated": 0}
        return {"name": self.name, "threshold": self.threshold, **told, **counts}


_EVIDENCE = tuple(field.name for field in fields(Measurement))


@dataclass(frozen=True, kw_only=True)
class OperatingPoints:
    """What a file of operating points holds. scale: None where none was measured."""

    points: tuple[OperatingPoint, ...]
    scale: SimilarityScale | None = None

    @classmethod
    def parse(cls, data: bytes, *, site: bool = False) -> Self:
        """Reads the content of such a file. Raises OperatingPointError.

        The weights of the document are those of its scale and of its points where they name none.
        """
        try:
            document: dict[str, Any] = json.loads(data)
            weights = read_weights(document)
            points = tuple(_point(record, weights, site=site) for record in document["operating_points"])
            measured = document.get("scale")
            scale = None if measured is None else SimilarityScale.of(measured, weights)
        except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
            raise OperatingPointError(
                "The file of operating points cannot be read.", remedy=_SITE_REMEDY if site else _REMEDY
            ) from error
        return cls(points=points, scale=scale)

    def content(self) -> bytes:
        """The content of the file. Each point and the scale tell what fusion they were measured with."""
        document: dict[str, Any] = {
            "weights": dict(DEFAULT_FUSION.weights),
            "operating_points": [point.record() for point in self.points],
        }
        if self.scale is not None:
            document["scale"] = self.scale.record()
        return (json.dumps(document, indent=2) + "\n").encode()


def _point(record: Mapping[str, Any], weights: Mapping[str, float], *, site: bool) -> OperatingPoint:
    told = dict(record)
    if "dlib_weight" in told or "weights" in told:
        weights = read_weights(told)
        told.pop("dlib_weight", None)
    told["weights"] = weights
    name, threshold = str(told.pop("name")), told.pop("threshold")
    # A text, NaN and infinity are none either; what is wrong here would be wrong in every search.
    if isinstance(threshold, bool) or not (isinstance(threshold, int | float) and 0 < threshold <= LARGEST_THRESHOLD):
        raise OperatingPointError(
            f"The file of operating points cannot be read: the threshold of {name} is {threshold!r}, and must be more "
            f"than 0 and at most {LARGEST_THRESHOLD:g}.",
            remedy=_SITE_REMEDY if site else _REMEDY,
        )
    evidence = Measurement(**told)
    return OperatingPoint(
        name=name,
        threshold=float(threshold),
        model_digest=evidence.model_digest,
        weights=evidence.weights,
        evidence=evidence,
        site=site,
    )


def load_operating_points(folder: Path | None = None) -> dict[str, OperatingPoint]:
    """The measured operating points by name: the package's, strictest last, then those of the site.

    folder: the data folder; None for the package's alone. Each is of the model that it was measured with; see
    `used_with`. Raises OperatingPointError when the package's are of another model than the default one, and when a
    file cannot be read.
    """
    points = parse_operating_points(_packaged())
    return points | {point.name: point for point in load_site_points(folder).points if point.name not in points}


def parse_operating_points(data: bytes) -> dict[str, OperatingPoint]:
    """As `load_operating_points`, of the content of the package's file."""
    points, model = OperatingPoints.parse(data).points, FaceModel()
    if any((point.model_digest, point.weights) != (model.digest, model.fusion.weights) for point in points):
        raise OperatingPointError("The operating points were measured with another model.", remedy=_REMEDY)
    return {point.name: point for point in points}


def load_site_points(folder: Path | None) -> OperatingPoints:
    """Those of the data folder; none where there is no folder, or no such file in it. Raises OperatingPointError."""
    if folder is None:
        return OperatingPoints(points=())
    try:
        data = (folder / OPERATING_POINTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return OperatingPoints(points=())
    except OSError as error:
        raise OperatingPointError(
            f"{folder / OPERATING_POINTS} cannot be read: {error.strerror}.", remedy="Make it readable."
        ) from error
    return OperatingPoints.parse(data, site=True)


def load_scale(folder: Path | None, *, model_digest: str, weights: Mapping[str, float]) -> SimilarityScale | None:
    """The site's own scale, or else the package's; only one that was measured with this model and this fusion.

    Raises OperatingPointError where a file cannot be read.
    """
    scales = (load_site_points(folder).scale, OperatingPoints.parse(_packaged()).scale)
    fitting = (one for one in scales if one and (one.model_digest, one.weights) == (model_digest, weights))
    return next(fitting, None)


def _packaged() -> bytes:
    return files(__package__).joinpath(OPERATING_POINTS).read_bytes()


_REMEDY = f"Delete matcher/recognition/{OPERATING_POINTS} and measure: `python -m benchmarks operating-point`."
_SITE_REMEDY = f"Correct {OPERATING_POINTS} in the data folder; or delete it, and make it again: clearglass calibrate."
