"""The expected errors of a threshold: false alarms a day and people missed, by gallery size and traffic. FPIR = 1 - (1
- FMR)^N (Grother and Phillips, CVPR 2004): at an FMR of 1e-4 a search among 10,000 references finds a wrong person in
  63 of 100 cases. The formula treats comparisons as independent; a person's references are similar, so that it
  overestimates. Traffic is counted in searches and not in people: a stranger who stays before a camera is searched for
  repeatedly, and these searches are similar too.
"""

import math
from dataclasses import dataclass

from matcher.evaluation.estimate import Estimate
from matcher.recognition.operating_point import Measurement

DAY, WEEK = 1, 7
"""Days in a week."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Expected errors, given the number of references in scope and of searches a day. fpir: the share of non-mated
    searches that raise an alarm. false_alarms_a_day: if all searches are non-mated, which is the upper bound.
    misses_per_hundred: of a hundred mated searches, those that find nobody, if the camera's pictures are like those
    measured. fmr_for_one_a_week: the FMR that gives one false alarm a week; None without searches or without
    references.
    """

    references: int
    searches_a_day: float
    fpir: Estimate
    false_alarms_a_day: Estimate
    misses_per_hundred: Estimate
    fmr_for_one_a_week: float | None


def expected(evidence: Measurement, *, references: int, searches_a_day: float) -> Expectation:
    """The expectation for an operating point with this evidence. references: the number that a search compares with."""
    rates = (evidence.fmr, evidence.fmr_low, evidence.fmr_high)
    value, low, high = (fpir(rate, references) for rate in rates)
    share = Estimate(value=value, low=low, high=high)
    missed = Estimate(value=evidence.fnmr, low=evidence.fnmr_low, high=evidence.fnmr_high)
    return Expectation(
        references=references,
        searches_a_day=searches_a_day,
        fpir=share,
        false_alarms_a_day=share.times(searches_a_day),
        misses_per_hundred=missed.times(100),
        fmr_for_one_a_week=fmr_for(1 / WEEK, references=references, searches_a_day=searches_a_day),
    )


def caution(evidence: Measurement) -> str:
    """The caveat for applying the measured rates to a site."""
    if evidence.dataset.startswith(("LFW", "Labeled Faces in the Wild")):
        return (
            "These rates are of LFW's news photographs. A camera sees people from afar, turned and in poor light: "
            "expect it to miss more."
        )
    return f"These rates hold as far as this site's people and pictures are like those of {evidence.dataset}."


def fpir(fmr: float, references: int) -> float:
    """FPIR: the share of non-mated searches that find somebody among this number of references."""
    if fmr >= 1:
        return float(references > 0)
    # By logarithms: 1 - (1 - 1e-17) would be 0 in floating point.
    return -math.expm1(references * math.log1p(-fmr))


def fmr_for(alarms_a_day: float, *, references: int, searches_a_day: float) -> float | None:
    """The FMR at which this number of false alarms a day is expected; None without searches or references. It is 1 if
    there are fewer searches a day than that.
    """
    if references < 1 or searches_a_day <= 0:
        return None
    share = alarms_a_day / searches_a_day
    return 1.0 if share >= 1 else -math.expm1(math.log1p(-share) / references)
