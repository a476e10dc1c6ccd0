"""The operating point that the settings choose. It is apart from the matcher so that a command can show it without
opening the data folder."""

from collections.abc import Mapping
from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.operating_point import (
    DEFAULT_OPERATING_POINT,
    NO_EVIDENCE,
    OperatingPoint,
    OperatingPointError,
    load_operating_points,
)
from matcher.settings import MatcherSettings


class OperatingPointUnknownError(ClearglassError):
    """The operating point that is set does not exist."""

    code: ClassVar[str] = "operating_point_unknown"


class OperatingPointSettingError(ClearglassError):
    """Two settings name two thresholds."""

    code: ClassVar[str] = "operating_point_setting"


def chosen_point(settings: MatcherSettings, *, model_digest: str, weights: Mapping[str, float]) -> OperatingPoint:
    """The operating point that the settings name, or the default one; or their bare threshold, as a point of its own.

    model_digest, weights: of the model in use, and of its fusion. A point of the package must have been measured with
    it. One of the site may have been measured with another model: then its caveat says so.
    Raises OperatingPointUnknownError, OperatingPointSettingError, OperatingPointError.
    """
    name, threshold = settings.operating_point, settings.threshold
    if threshold is not None:
        if name is not None:
            raise OperatingPointSettingError(
                f"CLEARGLASS_OPERATING_POINT={name} and CLEARGLASS_THRESHOLD={threshold:g} are both set.",
                remedy="Unset one of them: CLEARGLASS_THRESHOLD, since a bare number has no evidence.",
            )
        return OperatingPoint(
            name=NO_EVIDENCE,
            threshold=threshold,
            model_digest=model_digest,
            weights=weights,
            evidence=None,
            site=True,
        )
    points = load_operating_points(settings.folder)
    point = points.get(DEFAULT_OPERATING_POINT if name is None else name)
    if point is None:
        raise OperatingPointUnknownError(
            f"There is no operating point {name}.", remedy=f"Choose one of: {', '.join(sorted(points))}."
        )
    used = point.used_with(model_digest, weights)
    if not point.site and used.caveat is not None:
        raise OperatingPointError(
            f"The operating point {point.name} was measured with another model.",
            remedy="Measure one with the model in use (clearglass calibrate) and set CLEARGLASS_OPERATING_POINT to it.",
        )
    return used
