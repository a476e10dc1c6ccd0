"""Tests whether a repeated measurement changed from week to week: one test for all weeks together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 1_999
MOST = 200_000
"""The least and the greatest number of permutations."""

_ENOUGH = 50
"""The test ends early when this number of permutations reached the observed value: p is then known well enough."""
_SEED = 20
_VALUES_AT_ONCE = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """(n,) values. weeks: (n,) the week of each. blocks: (n,) the block of each: values that differ by nothing but the
    week, such as those of one person."""

    values: npt.NDArray[np.float64]
    weeks: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]

    @property
    def tells(self) -> bool:
        """True if the test is possible: there are two weeks, and a block with two values."""
        return len(np.unique(self.weeks)) > 1 and int(np.unique(self.blocks, return_counts=True)[1].max()) > 1


def drift(series: Series, *, permutations: int = LEAST) -> float:
    """The p value of "no week differs", by permutations of the values among the weeks, within each block only.

    One test for any number of weeks; the statistic is Σ over weeks of (sum of residuals)² / count. It ends early when
    enough permutations reached the observed value (Besag and Clifford, Biometrika 1991). permutations: their number;
    the smallest p is 1 / (permutations + 1). The test must be possible: see `Series.tells`.
    """
    week = np.unique(series.weeks, return_inverse=True)[1]
    block = np.unique(series.blocks, return_inverse=True)[1]
    residuals = series.values - (np.bincount(block, series.values) / np.bincount(block))[block]
    order = np.lexsort((np.arange(len(block)), block))
    residuals, week, block = residuals[order], week[order], block[order]
    seen = _statistic(residuals[None], week)[0]
    random = np.random.default_rng(_SEED)
    reached, batch = 0, max(1, min(LEAST, _VALUES_AT_ONCE // len(block)))
    for begin in range(0, permutations, batch):
        # The whole part keeps blocks together; the random fraction permutes within them.
        permuted = np.argsort(block + random.random((min(batch, permutations - begin), len(block))), axis=1)
        # Sums in another order may differ in the last bit.
        places = np.flatnonzero(_statistic(residuals[permuted], week) >= seen * (1 - 1e-9))
        if reached + len(places) >= _ENOUGH:
            return _ENOUGH / (begin + int(places[_ENOUGH - reached - 1]) + 1)
        reached += len(places)
    return (1 + reached) / (1 + permutations)


def _statistic(residuals: npt.NDArray[np.float64], week: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(d,) statistics of (d, n) residuals."""
    member = (week[:, None] == np.arange(week.max() + 1)).astype(np.float64)
    squares: npt.NDArray[np.float64] = (((residuals @ member) ** 2) / member.sum(axis=0)).sum(axis=1)
    return squares
