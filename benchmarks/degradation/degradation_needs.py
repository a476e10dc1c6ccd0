"""Derives the needs of a face from a curve."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matcher.recognition.needs import Need
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT

MOST_FNMR = 0.1
"""The FNMR that one kind of degradation may cause: one in ten, which a passage with several samples tolerates. A
multiple of the undegraded FNMR would be within the noise of some hundred pairs."""

LEAST_PAIRS = 30
"""The least number of pairs: a curve ends where there are fewer."""

UNITS = {
    "eye_distance": "pixels",
    "sharpness": "variance of the Laplacian",
    "brightness": "mean grey, 0 to 255",
    "bits_per_pixel": "bits a pixel",
}
"""The units of measures; otherwise the unit is the curve's own."""


def need_of(curve: Mapping[str, Any]) -> Need | None:
    """The bound of a curve's quantity: None for one that no camera is judged by, or with too few data. Its levels go
    from mild to hard, and are expressed by `judged_by`: "value", what was asked for; "to", the end of a bin; or what is
    measured of the middle face at that level.
    """
    levels = _known(curve["levels"])
    if curve["judged_by"] is None or not levels:
        return None
    base = _fnmr(curve["as_it_is"])
    bad = next((place for place, level in enumerate(levels) if clearly_worse(level, base)), len(levels))
    good = levels[bad - 1] if bad else curve["as_it_is"]
    holds, limit, fails = _told(good, curve), _told(good, curve), None
    if bad < len(levels):
        fails = _told(levels[bad], curve)
        if curve["judged_by"] != "to":
            rates = sorted((_fnmr(good), _fnmr(levels[bad])))
            limit = float(np.interp(MOST_FNMR, rates, (holds, fails)))
    return Need(
        unit=UNITS.get(curve["judged_by"], curve["unit"]),
        holds=holds,
        limit=limit,
        fails=fails,
        mated=min(level["n"] for level in levels[: bad + 1]),
    )


def clearly_worse(level: Mapping[str, Any], base: float) -> bool:
    """True if a level's FNMR exceeds the limit, and the low end of its interval exceeds `base`."""
    found = level[DEFAULT_OPERATING_POINT]
    return bool(found["fnmr"] > MOST_FNMR and found["fnmr_low"] > base)


def _fnmr(level: Mapping[str, Any]) -> float:
    return float(level[DEFAULT_OPERATING_POINT]["fnmr"])


def _known(levels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    few = next((place for place, level in enumerate(levels) if level["n"] < LEAST_PAIRS), len(levels))
    return list(levels[:few])


def _told(level: Mapping[str, Any], curve: Mapping[str, Any]) -> float:
    """A level in the unit in which a camera is judged. Degradation of the original pictures is 0."""
    judged_by = curve["judged_by"]
    if judged_by == "bits_per_pixel":
        # Undegraded, a picture has the 24 of its three colours.
        return float(level[judged_by] or 24)
    if judged_by in ("eye_distance", "sharpness", "brightness"):
        # Without any found face there is nothing to measure.
        return float(level["median"].get(judged_by, 0.0))
    return float(level.get(judged_by, 0.0))
