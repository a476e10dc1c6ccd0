"""The number of permutations for several tests at one common significance level (Bonferroni)."""

import math


def permutation_count(tests: int, alpha: float, *, least: int, most: int) -> int | None:
    """The number of permutations with which a p value of alpha / tests is possible: the smallest p is one over it.

    At least `least`; None if more than `most` would be needed.
    """
    needed = max(least, math.ceil(2 * tests / alpha))
    return needed if needed <= most else None
