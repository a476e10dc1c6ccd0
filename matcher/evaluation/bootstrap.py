"""The interval of a rate when comparisons share people: the bootstrap draws people, not comparisons. A person whom the
recogniser mistakes is in many pairs, so intervals that treat pairs as independent are too narrow. A non-mated pair has
the product of its two people's draw counts as weight, a mated pair its person's draw count (Poh et al., IEEE TPAMI
29(3), 2007; here for both sides of a pair). Intervals reach from the 2.5th to the 97.5th percentile.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.evaluation.interval import wilson

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Whole = NDArray[np.integer[Any]]

RESAMPLES = 1000
_BLOCK = 4096


class SubjectBootstrap:
    """Resamples `subjects` people. The same seed gives the same resamples, so that rates can be compared."""

    def __init__(self, subjects: int, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        drawn = np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=resamples)
        self.weights = np.ascontiguousarray(drawn.T.astype(np.float32))
        """(subjects, resamples): each subject's draw count in each resample."""

    def rate(self, wrong: Flags, one: Whole, other: Whole) -> tuple[float, float]:
        """The interval of the share of wrong comparisons.

        one, other: the two people's numbers in each comparison.
        """
        people = len(np.union1d(one, other))
        return self.interval(wrong, self.totals(one, other), one, other, comparisons=len(one), people=people)

    def interval(
        self, wrong: Flags, totals: Floats, one: Whole, other: Whole, *, comparisons: int, people: int
    ) -> tuple[float, float]:
        """As `rate`, but the arguments may leave out correct comparisons.

        totals: the weight of all comparisons in each resample. comparisons, people: the total numbers. If none or all
        are wrong, resampling gives no interval: then the Wilson interval with n = `people` is returned. Any other
        result contains the Wilson interval with n = `comparisons`.
        """
        errors = int(wrong.sum())
        if comparisons == 0:
            return 0.0, 1.0
        if errors in {0, comparisons}:
            return wilson(people if errors else 0, people)
        low, high = np.percentile(self.rates(wrong, totals, one, other), [2.5, 97.5])
        least, most = wilson(errors, comparisons)
        return min(float(low), least), max(float(high), most)

    def rates(self, wrong: Flags, totals: Floats, one: Whole, other: Whole) -> Floats:
        """(resamples,) the rate in each resample."""
        return self.totals(one[wrong], other[wrong]) / np.maximum(totals, 1)

    def totals(self, one: Whole, other: Whole) -> Floats:
        """(resamples,) the weight of these comparisons in each resample."""
        total = np.zeros(self.weights.shape[1])
        for begin in range(0, len(one), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            first, second = self.weights[one[block]], self.weights[other[block]]
            same = (one[block] == other[block])[:, None]
            total += np.where(same, first, first * second).sum(axis=0, dtype=np.float64)
        return total

    def all_pairs(self, one: Whole, other: Whole) -> Floats:
        """(resamples,) the weight of all non-mated pairs between two groups of samples, or within one group.

        one, other: (subjects,) the number of samples of each subject in the two groups; the same array twice for one
        group.
        """
        first, second = one.astype(np.float64), other.astype(np.float64)
        weights = self.weights.astype(np.float64)
        pairs: Floats = (first @ weights) * (second @ weights) - (first * second) @ weights**2
        return pairs / 2 if np.array_equal(one, other) else pairs
