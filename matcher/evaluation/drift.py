"""Whether something measured again and again changed from week to week: one answer for all the weeks together."""

import numpy as np
import numpy.typing as npt

DEALT = 1_999
_SEED = 20
_VALUES_AT_ONCE = 1_000_000


def drift(values: npt.NDArray[np.float64], weeks: npt.NDArray[np.int64], blocks: npt.NDArray[np.int64]) -> float | None:
    """The p value of "no week differs": values are dealt anew to the weeks, each within its block only.

    (n,) values, one for each block and time; blocks: (n,) what is alike but for the week, such as one person's.
    One test, however many weeks there are: Σ over weeks of (sum of residuals)² / count. None where nothing can be said:
    fewer than two weeks, or no block with two values.
    """
    week = np.unique(weeks, return_inverse=True)[1]
    block = np.unique(blocks, return_inverse=True)[1]
    if not len(values) or week.max() == 0 or np.bincount(block).max() < 2:
        return None
    residuals = values - (np.bincount(block, values) / np.bincount(block))[block]
    order = np.lexsort((np.arange(len(values)), block))
    residuals, week, block = residuals[order], week[order], block[order]
    seen = _statistic(residuals[None], week)[0]
    random = np.random.default_rng(_SEED)
    reached = 0
    batch = max(1, _VALUES_AT_ONCE // len(block))
    for begin in range(0, DEALT, batch):
        # Whole numbers keep the blocks apart; the fractions deal within them.
        dealt = np.argsort(block + random.random((min(batch, DEALT - begin), len(block))), axis=1)
        # Sums in another order are not equal to the last bit.
        reached += int(np.count_nonzero(_statistic(residuals[dealt], week) >= seen * (1 - 1e-9)))
    return (1 + reached) / (1 + DEALT)


def _statistic(residuals: npt.NDArray[np.float64], week: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(d,) of (d, n) residuals."""
    member = (week[:, None] == np.arange(week.max() + 1)).astype(np.float64)
    squares: npt.NDArray[np.float64] = (((residuals @ member) ** 2) / member.sum(axis=0)).sum(axis=1)
    return squares
