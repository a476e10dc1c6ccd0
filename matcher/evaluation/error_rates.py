"""Error rates of comparisons at a threshold (ISO/IEC 19795-1), and the threshold for a rate. Scores are
dissimilarities: a pair at or below a threshold is decided to be mated. A pair of which a face was not found is
infinitely far apart, so that failures to acquire count as misses and never as false matches.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Whole = NDArray[np.integer[Any]]


def false_non_match_rate(mated: Floats, threshold: float) -> float:
    """FNMR: the share of mated comparisons farther apart than the threshold."""
    return float((mated > threshold).mean())


def threshold_at(non_mated: Floats, rate: float) -> float:
    """The largest threshold at which no more than `rate` of the non-mated comparisons match. It is one of the
    dissimilarities, or just below the least of them if that one would already be too many; never inf, which stands for
    a face that was not found.
    """
    allowed = int(rate * len(non_mated) * (1 + 1e-12))
    if allowed >= len(non_mated):
        return _greatest(non_mated)
    beyond = np.partition(non_mated, allowed)[allowed]
    # Equal dissimilarities match together or not at all: those equal to the first that exceeds the rate do not.
    within = non_mated[non_mated < beyond]
    return float(within.max() if len(within) else np.nextafter(min(beyond, _greatest(non_mated)), -np.inf))


def _greatest(dissimilarity: Floats) -> float:
    """The greatest finite dissimilarity; -inf where there is none."""
    finite = dissimilarity[np.isfinite(dissimilarity)]
    return float(finite.max()) if len(finite) else -1.0


@dataclass(frozen=True, kw_only=True)
class FoldedAccuracy:
    """The protocol of LFW's view 2. mean, standard_error: of the folds' accuracies, 0 to 1.

    thresholds, accuracies: by fold, each threshold chosen on all other folds.
    """

    mean: float
    standard_error: float
    thresholds: tuple[float, ...]
    accuracies: tuple[float, ...]


def folded_accuracy(dissimilarity: Floats, mated: Flags, fold: Whole) -> FoldedAccuracy:
    """The share of right decisions in each fold, at the threshold that the other folds would choose.

    Huang et al., University of Massachusetts, Technical Report 07-49, 2007. Raises ValueError for fewer than two folds.
    """
    numbers = np.unique(fold)
    if len(numbers) < 2:
        raise ValueError("accuracy by folds needs two of them at least")
    thresholds, accuracies = [], []
    for number in numbers:
        tested = fold == number
        threshold = best_threshold(dissimilarity[~tested], mated[~tested])
        thresholds.append(threshold)
        accuracies.append(float(((dissimilarity[tested] <= threshold) == mated[tested]).mean()))
    return FoldedAccuracy(
        mean=math.fsum(accuracies) / len(accuracies),
        standard_error=float(np.std(accuracies, ddof=1)) / math.sqrt(len(accuracies)),
        thresholds=tuple(thresholds),
        accuracies=tuple(accuracies),
    )


def best_threshold(dissimilarity: Floats, mated: Flags) -> float:
    """The dissimilarity at which most decisions are right; of several equally good ones, the middle one. -1, at which
    nothing matches, if no pair has two faces.
    """
    order = np.argsort(dissimilarity, kind="stable")
    ordered = dissimilarity[order]
    right = np.cumsum(np.where(mated[order], 1, -1))
    last = np.append(ordered[1:] != ordered[:-1], True) & np.isfinite(ordered)
    candidates, gains = ordered[last], right[last]
    if not len(candidates):
        return -1.0
    tied = candidates[gains == gains.max()]
    return float(tied[len(tied) // 2])


@dataclass(frozen=True, kw_only=True)
class ErrorRates:
    """Errors at one threshold: false_matches of non_mated comparisons, misses of mated ones."""

    threshold: float
    false_matches: int
    non_mated: int
    misses: int
    mated: int

    @property
    def fmr(self) -> float:
        """False match rate; NaN of no comparisons."""
        return self.false_matches / self.non_mated if self.non_mated else math.nan

    @property
    def fnmr(self) -> float:
        """False non-match rate; NaN of no comparisons."""
        return self.misses / self.mated if self.mated else math.nan


def error_rates(mated: Floats, non_mated: Floats, threshold: float) -> ErrorRates:
    """The errors at the threshold."""
    return ErrorRates(
        threshold=threshold,
        false_matches=int((non_mated <= threshold).sum()),
        non_mated=len(non_mated),
        misses=int((mated > threshold).sum()),
        mated=len(mated),
    )


def equal_error_rate(mated: Floats, non_mated: Floats) -> float:
    """The equal error rate: the mean of FMR and FNMR at the threshold at which they differ least.

    Raises ValueError where there are no comparisons of one kind.
    """
    if not len(mated) or not len(non_mated):
        raise ValueError("an equal error rate needs mated and non-mated comparisons")
    thresholds = np.unique(np.append(mated[np.isfinite(mated)], -1.0))
    fnmr = 1 - np.searchsorted(np.sort(mated), thresholds, side="right") / len(mated)
    fmr = np.searchsorted(np.sort(non_mated), thresholds, side="right") / len(non_mated)
    nearest = int(np.abs(fmr - fnmr).argmin())
    return float((fmr[nearest] + fnmr[nearest]) / 2)


def trade_off(mated: Floats, non_mated: Floats, rates: Sequence[float]) -> Floats:
    """(n,) FNMR at each of n false match rates: a DET curve. NaN where the non-mated are too few for that rate."""
    closest = np.sort(non_mated)
    curve = np.full(len(rates), np.nan)
    for place, rate in enumerate(rates):
        if rate * len(closest) * (1 + 1e-12) >= 1:
            curve[place] = false_non_match_rate(mated, _threshold_in(closest, rate))
    return curve


def _threshold_in(ordered: Floats, rate: float) -> float:
    """As `threshold_at`, for dissimilarities in ascending order."""
    allowed = int(rate * len(ordered) * (1 + 1e-12))
    if allowed >= len(ordered):
        return _greatest(ordered)
    within = int(np.searchsorted(ordered, ordered[allowed], side="left"))
    return float(ordered[within - 1]) if within else float(np.nextafter(ordered[0], -np.inf))
