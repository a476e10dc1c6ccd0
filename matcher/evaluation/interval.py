"""How sure a counted rate is."""

import math

CONFIDENCE = 1.959964
"""The normal quantile of a two-sided 95 % interval."""


def wilson(errors: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson, JASA 1927). Trials that share people are taken as independent."""
    rate, square = errors / trials, CONFIDENCE**2
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = CONFIDENCE / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
