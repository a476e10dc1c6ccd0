"""Compares how often members of one group and of another are named falsely: a ratio of two rates, by person. False
alarms of one person are not independent events: a look-alike who passes daily is mistaken daily. So the unit is the
person, and a permutation test, which reassigns people at random to two groups of the same sizes, shows how large a
ratio chance alone makes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 9_999
MOST = 40_000
"""The least and the greatest number of permutations of people."""

_FARTHEST = float(np.log(1e9))
"""The largest logarithm of an interval's end that is reported; beyond it the end is None."""

_SEED = 20
_VALUES_AT_ONCE = 1_000_000

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Named:
    """The data of n people; each array is (n,). alarms: false alarms about each person, weighted. squares: the sum of
    those weights' squares. searches: the number that might have found the person.
    """

    alarms: Values
    squares: Values
    searches: Values


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The ratio of a group's rate to the others'. low, high: the interval at the requested confidence; None: unbounded.
    p: of equal rates.
    """

    ratio: float
    low: float | None
    high: float | None
    p: float

    @property
    def excludes_one(self) -> bool:
        """True if the interval excludes 1."""
        return not self.holds(1.0)

    def holds(self, ratio: float) -> bool:
        """True if the interval contains that ratio."""
        return (self.low is None or self.low <= ratio) and (self.high is None or ratio <= self.high)


def compare(people: Named, inside: npt.NDArray[np.bool_], *, confidence: float, permutations: int = LEAST) -> Ratio:
    """The rate of those inside over the rate of the others, by a studentised permutation test of its logarithm.

    Janssen, Statistics & Probability Letters 1997: studentised, the test holds also where groups differ in more than
    the rate. The interval is symmetric about the logarithm, and excludes 1 where the test rejects. One more alarm is
    distributed in proportion to searches, so that a group without alarms has a ratio too (after Haldane, Annals of
    Human Genetics 1956). The same people give the same answer: the permutations are seeded. There must be people with
    searches on both sides. permutations: their number, which must be a few times 1 / (1 - confidence).
    """
    columns = _columns(people)
    logarithm, spread = _logarithm(inside[None].astype(np.float64), columns)
    seen = abs(logarithm[0]) / spread[0]
    random = np.random.default_rng(_SEED)
    permuted = []
    batch = max(1, _VALUES_AT_ONCE // len(inside))
    for begin in range(0, permutations, batch):
        labels = np.tile(inside.astype(np.float64), (min(batch, permutations - begin), 1))
        change, error = _logarithm(random.permuted(labels, axis=1), columns)
        permuted.append(np.abs(change) / error)
    chance = np.concatenate(permuted)
    half = float(np.quantile(chance, confidence, method="higher")) * float(spread[0])
    middle = float(logarithm[0])
    return Ratio(
        ratio=float(np.exp(middle)),
        low=_end(middle - half),
        high=_end(middle + half),
        p=float((1 + np.count_nonzero(chance >= seen)) / (1 + len(chance))),
    )


def _end(logarithm: float) -> float | None:
    return float(np.exp(logarithm)) if abs(logarithm) <= _FARTHEST else None


def _columns(people: Named) -> Values:
    """(n, 7): the terms whose sums over people are needed."""
    alarms, searches = people.alarms, people.searches
    ones = np.ones_like(alarms)
    return np.stack([alarms, searches, alarms**2, alarms * searches, searches**2, people.squares, ones], axis=1)


def _logarithm(labels: Values, columns: Values) -> tuple[Values, Values]:
    """(d,) logarithms of the ratio and (d,) standard errors, for (d, n) ways to deal people: 1 is inside."""
    whole = columns.sum(axis=0)
    inside = labels @ columns
    (one, one_variance), (other, other_variance) = _rate(inside, whole), _rate(whole - inside, whole)
    return np.log(one / other), np.sqrt(one_variance + other_variance)


def _rate(sums: Values, whole: Values) -> tuple[Values, Values]:
    """(d,) rates, and (d,) variances of their logarithms, estimated between people and at least those of a Poisson
    count. whole: the sums over all people, which give the alarm that is distributed.
    """
    alarms, searches, alarms2, product, searches2, squares, count = sums.T
    one = whole[5] / whole[0] if whole[0] else 1.0
    share = searches / whole[1]
    rate = alarms / searches
    between = (alarms2 - 2 * rate * product + rate**2 * searches2) * count / np.maximum(count - 1, 1)
    variance = np.maximum(between, squares) + one**2 * share
    return (alarms + one * share) / searches, variance / (alarms + one * share) ** 2
