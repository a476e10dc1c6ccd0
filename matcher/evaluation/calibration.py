"""From scores to a threshold with its evidence, and to the scale on which a dissimilarity is read."""

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from matcher.errors import ClearglassError
from matcher.evaluation.bootstrap import SubjectBootstrap
from matcher.evaluation.error_rates import error_rates, threshold_at
from matcher.evaluation.interval import wilson
from matcher.evaluation.scores import Scores
from matcher.recognition.operating_point import LARGEST_THRESHOLD, Measurement, OperatingPoint
from matcher.recognition.scale import FEWEST, SimilarityScale

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]

LOOSEST = 1e-1
"""The greatest false match rate of a threshold or of a step of a scale."""

STEPS = 60


class CalibrationError(ClearglassError):
    """The scores are too few for the threshold, or not fit for one."""

    code: ClassVar[str] = "calibration"


def calibrated(scores: Scores, *, recogniser: str = "fusion", name: str, rate: float) -> OperatingPoint:
    """The threshold at which no more than `rate` of the non-mated comparisons match, with its evidence. It is rounded
    down to four decimals, and the rates are those of the rounded threshold. Intervals are by resampling people where
    the samples' names contain the person, as in `person/picture`; else they are Wilson's. Raises CalibrationError for
    an invalid name, rate or threshold, and where fewer than ten non-mated comparisons would match; ScoreFileError if
    there are no scores of the recogniser.
    """
    _require_name(name)
    mated, non_mated = scores.of(recogniser)
    threshold = rounded_threshold(non_mated, rate)
    if not 0 < threshold <= LARGEST_THRESHOLD:
        raise CalibrationError(
            f"At a false match rate of {rate:g} the threshold is {threshold:g}, and must be more than 0 and at most "
            f"{LARGEST_THRESHOLD:g}.",
            remedy="See whether the scores are dissimilarities, lower where two faces are more alike.",
        )
    if not len(mated):
        raise CalibrationError(
            "There are no mated comparisons, so nobody could say how many people the threshold misses.",
            remedy="Measure on people who each have two pictures or more.",
        )
    rates = error_rates(mated, non_mated, threshold)
    column = scores.dissimilarity[recogniser]
    subjects = subjects_named(scores)
    if subjects is None:
        interval = "wilson"
        fmr_low, fmr_high = wilson(rates.false_matches, rates.non_mated)
        fnmr_low, fnmr_high = wilson(rates.misses, rates.mated)
    else:
        interval = "subjects"
        one, other = subjects
        bootstrap = SubjectBootstrap(int(max(one.max(), other.max())) + 1)
        among = ~scores.mated
        fmr_low, fmr_high = bootstrap.rate(column[among] <= threshold, one[among], other[among])
        fnmr_low, fnmr_high = bootstrap.rate(mated > threshold, one[scores.mated], other[scores.mated])
    digest = scores.provenance.digests[recogniser]
    evidence = Measurement(
        model_digest=digest,
        weights=scores.provenance.weights,
        dataset=scores.provenance.dataset,
        non_mated=rates.non_mated,
        fmr=rates.fmr,
        fmr_low=fmr_low,
        fmr_high=fmr_high,
        mated=rates.mated,
        fnmr=rates.fnmr,
        fnmr_low=fnmr_low,
        fnmr_high=fnmr_high,
        interval=interval,
        measured_on=scores.provenance.measured_on,
    )
    return OperatingPoint(
        name=name, threshold=threshold, model_digest=digest, weights=evidence.weights, evidence=evidence
    )


def rounded_threshold(non_mated: Floats, rate: float) -> float:
    """The threshold of a false match rate on (n,) dissimilarities, rounded down to four decimals.

    Raises CalibrationError for an invalid rate, or where fewer than ten comparisons would match.
    """
    if not 0 < rate <= LOOSEST:
        raise CalibrationError(
            f"{rate:g} is no false match rate for a threshold.", remedy=f"Ask for one of at most {LOOSEST:g}: 1e-5."
        )
    count = len(non_mated)
    if rate * count * (1 + 1e-12) < FEWEST:
        raise CalibrationError(
            f"A false match rate of {rate:g} would rest on {int(rate * count)} of {count:,} non-mated comparisons: "
            f"fewer than {FEWEST} say nothing.",
            remedy=f"Measure {math.ceil(FEWEST / rate * (1 - 1e-12)):,} non-mated comparisons or more, or ask for a "
            "greater rate.",
        )
    exact = threshold_at(non_mated, rate)
    # Comparisons without a face are at infinity: a threshold just below it is not valid either.
    threshold = math.floor(exact * 1e4) / 1e4 if math.isfinite(exact * 1e4) else math.inf
    if not (math.isfinite(threshold) and (non_mated <= threshold).any()):
        raise CalibrationError(
            "Too many non-mated comparisons are equally far apart: no threshold of four decimals has that rate.",
            remedy="See whether the scores are whole: faces that were not found are infinitely far apart.",
        )
    return threshold


def calibrated_scale(scores: Scores, *, weights: Mapping[str, float], recogniser: str = "fusion") -> SimilarityScale:
    """The scale of such scores. weights: of the fusion in use.

    Raises CalibrationError for scores of another fusion, whose scale would not apply.
    """
    provenance = scores.provenance
    if provenance.weights != weights:
        raise CalibrationError(
            f"The scores were measured with the fusion {_told(provenance.weights)}; the one in use is "
            f"{_told(weights)}, so they make no scale.",
            remedy="Measure again with the model in use, or calibrate without a scale.",
        )
    _, non_mated = scores.of(recogniser)
    return scale_of(non_mated, dataset=provenance.dataset, model_digest=provenance.digests[recogniser], weights=weights)


def scale_of(non_mated: Floats, *, dataset: str, model_digest: str, weights: Mapping[str, float]) -> SimilarityScale:
    """The scale of (n,) dissimilarities of non-mated comparisons, in any order, by this model and this fusion.

    Its steps lie evenly in the rate's logarithm, from one in ten to ten of all comparisons; before them stands the
    closest pair. Raises CalibrationError for fewer than a hundred comparisons.
    """
    count = len(non_mated)
    if count * LOOSEST < FEWEST:
        raise CalibrationError(
            f"{count} non-mated comparisons make no scale.", remedy=f"Measure {FEWEST / LOOSEST:.0f} or more."
        )
    places = np.unique(np.geomspace(FEWEST, int(LOOSEST * count), STEPS).round().astype(np.int64))
    # Only the part that the scale needs is sorted: there may be many millions.
    within = np.sort(np.partition(non_mated, places[-1] - 1)[: places[-1]])
    finite = within[np.isfinite(within)]
    steps: dict[float, float] = {}
    for at in (finite[place - 1] for place in (1, *places) if place <= len(finite)):
        # Equal dissimilarities count together, also those just beyond the sorted part.
        steps[float(at)] = float((non_mated <= at).sum()) / count
    if not steps:
        raise CalibrationError("In no non-mated comparison both faces were found.", remedy="Measure again.")
    return SimilarityScale(
        dataset=dataset, model_digest=model_digest, weights=weights, non_mated=count, steps=tuple(steps.items())
    )


def subjects_named(scores: Scores) -> tuple[Whole, Whole] | None:
    """Two arrays (n,) with the number of the person of each comparison's two samples; None unless names are
    `person/picture`. They are if both names of every mated comparison begin with the same person, and of every
    non-mated one with two different ones.
    """
    people: list[list[str]] = []
    for names in (scores.probe, scores.reference):
        if not all("/" in name for name in names):
            return None
        people.append([name.rsplit("/", 1)[0] for name in names])
    numbers = {person: place for place, person in enumerate(dict.fromkeys([*people[0], *people[1]]))}
    one, other = (np.array([numbers[person] for person in side], np.int64) for side in people)
    return (one, other) if np.array_equal(one == other, scores.mated) else None


def _told(weights: Mapping[str, float]) -> str:
    return ",".join(f"{name}={weight:g}" for name, weight in weights.items())


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,62}", name):
        raise CalibrationError(
            f"{name!r} cannot be the name of an operating point.",
            remedy="Take lower-case letters, digits, dots and hyphens, 63 at most, a letter or digit first.",
        )
