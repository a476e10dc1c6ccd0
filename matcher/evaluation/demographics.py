"""How unequal error rates are between groups. One number hides what the rates show, so these numbers are never reported
without the rates.

Grother, NIST IR 8429, 2022 (max/min, max/geometric mean, inequity rate); Pereira and Marcel, IEEE TBIOM 2022 (FDR);
Howard et al., ICPR workshops 2022 (GARBE).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Inequality:
    """Measures of inequality between groups. A ratio is None where a rate of zero leaves it undefined.

    max_to_min, max_to_geometric_mean: of the FMR. fdr: 1 is equal; near 1 even under a tenfold gap of small rates.
    inequity: 1 is equal. garbe: 0 is equal.
    """

    max_to_min: float | None
    max_to_geometric_mean: float | None
    fdr: float
    inequity: float | None
    garbe: float | None


def inequality(fmr: Sequence[float], fnmr: Sequence[float], *, alpha: float = 0.5) -> Inequality:
    """The measures for at least two groups; false match and false non-match rates are in the same order of groups.
    alpha: the weight of the FMR; the FNMR has 1 - alpha. Raises ValueError for one group, or unequal lengths.
    """
    if len(fmr) != len(fnmr) or len(fmr) < 2:
        raise ValueError("inequality is between two groups at least, each with both rates")
    low, high = min(fmr), max(fmr)
    return Inequality(
        max_to_min=high / low if low > 0 else None,
        max_to_geometric_mean=high / math.exp(math.fsum(map(math.log, fmr)) / len(fmr)) if low > 0 else None,
        fdr=1 - (alpha * (high - low) + (1 - alpha) * (max(fnmr) - min(fnmr))),
        inequity=(high / low) ** alpha * (max(fnmr) / min(fnmr)) ** (1 - alpha) if min(low, *fnmr) > 0 else None,
        garbe=_weighted(gini(fmr), gini(fnmr), alpha),
    )


def gini(rates: Sequence[float]) -> float | None:
    """The Gini coefficient of n rates with the correction n / (n - 1), 0 to 1; None where all are zero."""
    count, mean = len(rates), math.fsum(rates) / len(rates)
    if mean == 0:
        return None
    apart = math.fsum(abs(one - other) for one in rates for other in rates)
    return count / (count - 1) * apart / (2 * count**2 * mean)


def _weighted(first: float | None, second: float | None, alpha: float) -> float | None:
    if (first is None and alpha > 0) or (second is None and alpha < 1):
        return None
    return alpha * (first or 0.0) + (1 - alpha) * (second or 0.0)
