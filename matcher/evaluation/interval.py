"""Confidence intervals of counted rates."""

import math
from collections.abc import Sequence

CONFIDENCE = 1.959964
"""The normal quantile of a two-sided 95 % interval."""


def wilson(errors: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson, JASA 1927). Trials that share people are taken as independent."""
    rate, square = errors / trials, CONFIDENCE**2
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = CONFIDENCE / (1 + square / trials) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2))
    # At 0 and 1 the formula gives the end itself, except for rounding.
    low = 0.0 if errors == 0 else max(middle - half, 0.0)
    return low, 1.0 if errors == trials else min(middle + half, 1.0)


def gamma_interval(parts: Sequence[float], largest: float = 1.0) -> tuple[float, float]:
    """The 95 % interval of a sum of weighted Poisson counts (Fay and Feuer, Statistics in Medicine 1997).

    parts: the sum of each independent source: the false alarms about one person are one source, because a look-alike is
    mistaken for the same person repeatedly. largest: the greatest weight a single event may have. Where each part is
    one event of weight 1 it is the exact interval of a Poisson count (Garwood, Biometrika 1936).
    """
    from scipy.special import gammaincinv

    total, variance = math.fsum(parts), math.fsum(part * part for part in parts)
    above, spread = total + largest, variance + largest**2
    low = 0.0 if total == 0 else variance / total * float(gammaincinv(total**2 / variance, 0.025))
    return low, spread / above * float(gammaincinv(above**2 / spread, 0.975))
