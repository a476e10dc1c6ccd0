"""A threshold with its evidence: never a bare number."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.fusion import DLIB_WEIGHT
from matcher.recognition.registry import model_digest

DEFAULT_OPERATING_POINT = "fmr-1e-5"
"""The strictest whose evidence holds: on LFW view 1 it rests on 123 false matches, the next on 11.

Those few closest pairs are also where the data set's own errors are: the same person under two names.
"""

OPERATING_POINTS = "operating_points.json"
"""The file beside this one that `python -m benchmarks operating-point` writes."""


class OperatingPointError(ClearglassError):
    """The measured operating points are missing, unreadable or belong to another model."""

    code: ClassVar[str] = "operating_point"


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on the fused dissimilarity, and the measurement it comes from.

    A pair at or below `threshold` is called a match. fmr is the false match rate that was measured at it on
    `non_mated` pairs of `dataset`, with the 95 % Wilson interval [fmr_low, fmr_high]; fnmr on `mated` pairs.
    measured_on: the day, as ISO 8601 has it.
    """

    name: str
    threshold: float
    model_digest: str
    dataset: str
    non_mated: int
    fmr: float
    fmr_low: float
    fmr_high: float
    mated: int
    fnmr: float
    measured_on: str


def load_operating_points() -> dict[str, OperatingPoint]:
    """The measured operating points by name, strictest last.

    Raises OperatingPointError when they belong to other weights, other steps or another fusion than the present ones.
    """
    return parse_operating_points(files(__package__).joinpath(OPERATING_POINTS).read_bytes())


def parse_operating_points(data: bytes) -> dict[str, OperatingPoint]:
    """As `load_operating_points`, of the content of such a file."""
    try:
        document: dict[str, Any] = json.loads(data)
        weight = document["dlib_weight"]
        points = [OperatingPoint(**point) for point in document["operating_points"]]
    except (ValueError, KeyError, TypeError) as error:
        raise OperatingPointError("The file of operating points cannot be read.", remedy=_REMEDY) from error
    if weight != DLIB_WEIGHT or any(point.model_digest != model_digest() for point in points):
        raise OperatingPointError("The operating points were measured with another model.", remedy=_REMEDY)
    return {point.name: point for point in points}


_REMEDY = f"Delete matcher/recognition/{OPERATING_POINTS} and measure: `python -m benchmarks operating-point`."
