"""How sure a rate is when comparisons share people: people are drawn anew, not comparisons.

Somebody whom the recogniser mistakes is in many pairs at once, so intervals that take pairs for independent are too
narrow. A pair of two people counts as often as both were drawn, a mated pair as often as its person was (Poh et al.,
IEEE TIFS 2007, on both sides of a pair). Intervals are the 2.5th to the 97.5th percentile.
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
    """Resamples of `subjects` people, always the same ones for the same seed, so that rates can be held together."""

    def __init__(self, subjects: int, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        drawn = np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=resamples)
        self.weights = np.ascontiguousarray(drawn.T.astype(np.float32))
        """(subjects, resamples): how often each was drawn."""

    def rate(self, wrong: Flags, one: Whole, other: Whole) -> tuple[float, float]:
        """The interval of the share of comparisons that are wrong. one, other: whose samples they compare."""
        return self.interval(wrong, self.totals(one, other), one, other)

    def interval(self, wrong: Flags, totals: Floats, one: Whole, other: Whole) -> tuple[float, float]:
        """The same where `totals` says how much all comparisons weigh in each resample, and only some are given.

        Comparisons that are not given are right. With none wrong, or all, every resample says the same: then it is the
        Wilson interval of as many independent comparisons as there are subjects to be drawn.
        """
        errors = int(wrong.sum())
        rates = self.rates(wrong, totals, one, other)
        if errors == 0 or rates.min() == rates.max():
            return wilson(round(float(rates[0]) * len(self.weights)), len(self.weights))
        low, high = np.percentile(rates, [2.5, 97.5])
        return float(low), float(high)

    def rates(self, wrong: Flags, totals: Floats, one: Whole, other: Whole) -> Floats:
        """(resamples,) the rate in each of them."""
        return self.totals(one[wrong], other[wrong]) / np.maximum(totals, 1)

    def totals(self, one: Whole, other: Whole) -> Floats:
        """(resamples,) how much these comparisons weigh in each resample."""
        total = np.zeros(self.weights.shape[1])
        for begin in range(0, len(one), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            first, second = self.weights[one[block]], self.weights[other[block]]
            same = (one[block] == other[block])[:, None]
            total += np.where(same, first, first * second).sum(axis=0, dtype=np.float64)
        return total

    def all_pairs(self, one: Whole, other: Whole) -> Floats:
        """(resamples,) how much all non-mated pairs weigh between two groups of samples, or within one.

        one, other: (subjects,) how many samples each has in the two groups; the same array twice for one group.
        """
        first, second = one.astype(np.float64), other.astype(np.float64)
        weights = self.weights.astype(np.float64)
        pairs: Floats = (first @ weights) * (second @ weights) - (first * second) @ weights**2
        return pairs / 2 if np.array_equal(one, other) else pairs
