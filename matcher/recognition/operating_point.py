"""A threshold with its evidence. A threshold without evidence is allowed, and is shown with a warning."""

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
"""The strictest operating point with enough evidence: 123 false matches on LFW view 1; the next stricter one has 11.

Among these few closest pairs are also errors of the data set: one person under two names.
"""

OPERATING_POINTS = "operating_points.json"
"""The name of two files of the same form: the package's, beside this module, written by `python -m benchmarks
operating-point`; and the site's, in the data folder, with the points that were measured at the site."""

LARGEST_THRESHOLD = 2.0
"""Above it every comparison would match. It also refuses a threshold such as 80, meant on a scale to 100."""

INTERVALS = ("wilson", "subjects")

NO_EVIDENCE = "no-evidence"
"""The name of an operating point that has a threshold and no evidence."""


class OperatingPointError(ClearglassError):
    """The measured operating points are missing, unreadable or belong to another model."""

    code: ClassVar[str] = "operating_point"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The measurement from which a threshold comes.

    model_digest: of the measured model. weights: of its fusion, by embedder. fmr: on `non_mated` pairs of
    `dataset`, with its 95 % interval [fmr_low, fmr_high]; fnmr likewise on `mated` pairs. interval: "wilson", which
    treats pairs as independent, or "subjects", by resampling the people. measured_on: the day, in ISO 8601.
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
        """Raises ValueError or TypeError if a rate, a number of pairs, a name, the interval or the day is invalid."""
        rates = (self.fmr, self.fmr_low, self.fmr_high, self.fnmr, self.fnmr_low, self.fnmr_high)
        if not (all(0 <= rate <= 1 for rate in rates) and self.non_mated > 0 and self.mated > 0):
            raise ValueError("a measurement must have rates from 0 to 1, and at least one mated and one non-mated pair")
        if not (self.dataset and isinstance(self.dataset, str) and isinstance(self.model_digest, str)):
            raise ValueError("a measurement must name its data set and its model")
        if self.interval not in INTERVALS:
            raise ValueError(f"the interval of a measurement must be {' or '.join(INTERVALS)}")
        date.fromisoformat(self.measured_on)


@dataclass(frozen=True, kw_only=True)
class Caveat:
    """A reason why a threshold may not have the error rates that its name states.

    code: for programs. remedy: what the operator can do.
    """

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on the fused dissimilarity: a pair at or below it is a match.

    model_digest: of the model whose dissimilarities are compared with it. weights: of that model's fusion. evidence:
    None if nothing was measured. site: true if the site measured it, false if it is the package's.
    """

    name: str
    threshold: float
    model_digest: str
    weights: Mapping[str, float]
    evidence: Measurement | None
    site: bool = False

    def used_with(self, model_digest: str, weights: Mapping[str, float]) -> Self:
        """Returns the same threshold for the dissimilarities of this model and this fusion."""
        return replace(self, model_digest=model_digest, weights=weights)

    @property
    def caveat(self) -> Caveat | None:
        """The reason not to rely on it; None if it was measured with the model in use."""
        if self.evidence is None:
            return Caveat(
                code="operating_point_no_evidence",
                message="The threshold has no evidence: its error rates are unknown.",
                remedy="Unset CLEARGLASS_THRESHOLD, or measure your own threshold with clearglass calibrate.",
            )
        if (self.evidence.model_digest, self.evidence.weights) == (self.model_digest, self.weights):
            return None
        return Caveat(
            code="operating_point_other_model",
            message="The operating point was measured with another model: its error rates do not apply.",
            remedy="Measure again with the present model, and run clearglass calibrate with the new scores.",
        )

    def record(self) -> dict[str, Any]:
        """Returns the point as files of operating points and the API give it.

        Without evidence all fields of the evidence are None, and the numbers of pairs are 0.
        """
        evidence = self.evidence
        measured = {name: None if evidence is None else getattr(evidence, name) for name in _EVIDENCE}
        counts = {} if evidence is not None else {"non_mated": 0, "mated": 0}
        return {"name": self.name, "threshold": self.threshold, **measured, **counts}


_EVIDENCE = tuple(field.name for field in fields(Measurement))


@dataclass(frozen=True, kw_only=True)
class OperatingPoints:
    """The content of a file of operating points. scale: None if no scale was measured."""

    points: tuple[OperatingPoint, ...]
    scale: SimilarityScale | None = None

    @classmethod
    def parse(cls, data: bytes, *, site: bool = False) -> Self:
        """Reads the content of such a file. Raises OperatingPointError.

        The document's weights apply to its scale and its points, except those that give their own weights.
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
        """Returns the content of the file. Each point and the scale name the fusion with which they were measured."""
        document: dict[str, Any] = {
            "weights": dict(DEFAULT_FUSION.weights),
            "operating_points": [point.record() for point in self.points],
        }
        if self.scale is not None:
            document["scale"] = self.scale.record()
        return (json.dumps(document, indent=2) + "\n").encode()


def _point(record: Mapping[str, Any], weights: Mapping[str, float], *, site: bool) -> OperatingPoint:
    values = dict(record)
    if "dlib_weight" in values or "weights" in values:
        weights = read_weights(values)
        values.pop("dlib_weight", None)
    values["weights"] = weights
    name, threshold = str(values.pop("name")), values.pop("threshold")
    # This also refuses texts, NaN and infinity: a wrong threshold would be used in every search.
    if isinstance(threshold, bool) or not (isinstance(threshold, int | float) and 0 < threshold <= LARGEST_THRESHOLD):
        raise OperatingPointError(
            f"The file of operating points cannot be read: the threshold of {name} is {threshold!r}, but must be more "
            f"than 0 and at most {LARGEST_THRESHOLD:g}.",
            remedy=_SITE_REMEDY if site else _REMEDY,
        )
    evidence = Measurement(**values)
    return OperatingPoint(
        name=name,
        threshold=float(threshold),
        model_digest=evidence.model_digest,
        weights=evidence.weights,
        evidence=evidence,
        site=site,
    )


def load_operating_points(folder: Path | None = None) -> dict[str, OperatingPoint]:
    """Returns the measured operating points by name: the package's, strictest last, then the site's.

    folder: the data folder; None for the package's points alone. Each point has the model with which it was measured;
    see `used_with`. Raises OperatingPointError if the package's points were measured with a model other than the
    default one, or if a file cannot be read.
    """
    points = parse_operating_points(_packaged())
    return points | {point.name: point for point in load_site_points(folder).points if point.name not in points}


def parse_operating_points(data: bytes) -> dict[str, OperatingPoint]:
    """As `load_operating_points`, but from the content of the package's file, without the site's points."""
    points, model = OperatingPoints.parse(data).points, FaceModel()
    if any((point.model_digest, point.weights) != (model.digest, model.fusion.weights) for point in points):
        raise OperatingPointError("The operating points were measured with another model.", remedy=_REMEDY)
    return {point.name: point for point in points}


def load_site_points(folder: Path | None) -> OperatingPoints:
    """Returns the site's points; none if there is no data folder, or no such file in it. Raises OperatingPointError."""
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
    """Returns the site's scale, else the package's; None if neither was measured with this model and this fusion.

    Raises OperatingPointError if a file cannot be read.
    """
    scales = (load_site_points(folder).scale, OperatingPoints.parse(_packaged()).scale)
    fitting = (one for one in scales if one and (one.model_digest, one.weights) == (model_digest, weights))
    return next(fitting, None)


def _packaged() -> bytes:
    return files(__package__).joinpath(OPERATING_POINTS).read_bytes()


_REMEDY = f"Delete matcher/recognition/{OPERATING_POINTS} and measure: `python -m benchmarks operating-point`."
_SITE_REMEDY = f"Correct {OPERATING_POINTS} in the data folder, or delete it and make it again by clearglass calibrate."
