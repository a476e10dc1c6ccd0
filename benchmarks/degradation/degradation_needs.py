"""What a curve says that a face needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matcher.recognition.needs import Need
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT

MOST_FNMR = 0.1
"""One in ten may be missed for any one reason: not what recognition can do, but what a passage with several samples
bears. A share of what is missed undegraded would be within the noise of some hundred pairs."""

LEAST_PAIRS = 30
"""Fewer say nothing: a curve ends there."""

UNITS = {
    "eye_distance": "pixels",
    "sharpness": "variance of the Laplacian",
    "brightness": "mean grey, 0 to 255",
    "bits_per_pixel": "bits a pixel",
}
"""Of what is told by a measure; else it is the curve's own."""


def need_of(curve: Mapping[str, Any]) -> Need | None:
    """How far the quantity of a curve may go: None for one that no camera is judged by, or that says too little.

    Its levels go from mild to hard, and are told by `judged_by`: "value", what was asked for; "to", the end of a bin;
    or what is measured of the middle face at that level.
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
    """Whether a level misses more than it may, and even the low end of its interval more than `base`."""
    found = level[DEFAULT_OPERATING_POINT]
    return bool(found["fnmr"] > MOST_FNMR and found["fnmr_low"] > base)


def _fnmr(level: Mapping[str, Any]) -> float:
    return float(level[DEFAULT_OPERATING_POINT]["fnmr"])


def _known(levels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    few = next((place for place, level in enumerate(levels) if level["n"] < LEAST_PAIRS), len(levels))
    return list(levels[:few])


def _told(level: Mapping[str, Any], curve: Mapping[str, Any]) -> float:
    """A level in the terms that a camera is judged in. What is worse than the pictures as they are begins at 0."""
    judged_by = curve["judged_by"]
    if judged_by == "bits_per_pixel":
        # Undegraded, a picture has the 24 of its three colours.
        return float(level[judged_by] or 24)
    if judged_by in ("eye_distance", "sharpness", "brightness"):
        # Where no face at all was found any more, nothing is left to measure.
        return float(level["median"].get(judged_by, 0.0))
    return float(level.get(judged_by, 0.0))
