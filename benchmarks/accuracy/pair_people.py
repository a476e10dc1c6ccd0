"""The people of a matrix's pairs, by whom its rates and intervals are computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.pair_matrix import PairMatrix
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.error_rates import ErrorRates
from matcher.evaluation.scores import Scores

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairRates:
    """The rates at one threshold, with intervals by people. fmr, fnmr: (resamples,) the rates in each resample."""

    rates: ErrorRates
    fmr_interval: Interval
    fnmr_interval: Interval
    fmr: Floats
    fnmr: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class PairPeople:
    """matrix: of all pairs. apart: (m,) dissimilarities of the mated pairs by recogniser; probe, reference: the
    positions of their samples. groups: their names. group: (n,) of each sample, -1 for none.
    """

    matrix: PairMatrix
    apart: Mapping[str, Floats]
    probe: Whole
    reference: Whole
    groups: tuple[str, ...]
    group: Whole
    bootstrap: SubjectBootstrap

    @classmethod
    def of(cls, matrix: PairMatrix, scores: Scores, labels: Sequence[str] = ()) -> Self:
        """scores: with the mated pairs. labels: each sample's group, empty for none."""
        places = {name: place for place, name in enumerate(matrix.names)}
        probe, reference = (
            np.array([places[name] for name, mated in zip(names, scores.mated, strict=True) if mated], np.int64)
            for names in (scores.probe, scores.reference)
        )
        groups = tuple(sorted(set(labels) - {""}))
        numbers = {label: place for place, label in enumerate(groups)}
        return cls(
            matrix=matrix,
            apart={name: scores.of(name)[0] for name in scores.dissimilarity},
            probe=probe,
            reference=reference,
            groups=groups,
            group=np.array([numbers.get(label, -1) for label in labels or [""] * len(matrix.names)], np.int64),
            bootstrap=SubjectBootstrap(int(matrix.person.max()) + 1),
        )

    def all(self, recogniser: str, threshold: float) -> PairRates:
        """The rates of all people."""
        everybody = np.ones(len(self.matrix.names), bool)
        return self.between(recogniser, threshold, everybody, everybody)

    def within(self, recogniser: str, threshold: float, group: int) -> PairRates:
        """The rates of one group."""
        members = self.group == group
        return self.between(recogniser, threshold, members, members)

    def between(self, recogniser: str, threshold: float, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> PairRates:
        """The rates of pairs with a sample of each of two sets; both (n,), equal or disjoint.

        The mated pairs are those with both samples in the first set.
        """
        person = self.matrix.person
        first, second = self.matrix.closest(recogniser, threshold)
        meant = (one[first] & other[second]) | (one[second] & other[first])
        close = person[first[meant]], person[second[meant]]
        counts = tuple(np.bincount(person[members], minlength=len(self.bootstrap.weights)) for members in (one, other))
        totals, non_mated = self.bootstrap.all_pairs(*counts), _pairs(*counts)
        wrong = np.ones(len(close[0]), bool)
        own = one[self.probe] & one[self.reference]
        missed, whose = self.apart[recogniser][own] > threshold, person[self.probe[own]]
        return PairRates(
            rates=ErrorRates(
                threshold=threshold,
                false_matches=len(wrong),
                non_mated=non_mated,
                misses=int(missed.sum()),
                mated=len(missed),
            ),
            fmr_interval=self.bootstrap.interval(
                wrong, totals, *close, comparisons=non_mated, people=len(np.unique(person[one | other]))
            ),
            fnmr_interval=self.bootstrap.rate(missed, whose, whose),
            fmr=self.bootstrap.rates(wrong, totals, *close),
            fnmr=self.bootstrap.rates(missed, self.bootstrap.totals(whose, whose), whose, whose),
        )

    def people_in(self, group: int) -> int:
        """The number of people with a sample in the set."""
        return len(np.unique(self.matrix.person[self.group == group]))


def _pairs(one: Whole, other: Whole) -> int:
    """The number of non-mated pairs between two sets of samples, or within one, by the number of samples of each
    person."""
    pairs = int(one.sum()) * int(other.sum()) - int((one * other).sum())
    return pairs // 2 if np.array_equal(one, other) else pairs
