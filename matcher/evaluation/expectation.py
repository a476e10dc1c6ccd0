"""What a threshold means at a door: false alarms a day and people missed, at a gallery's size and its traffic.

FPIR = 1 - (1 - FMR)^N (Grother and Phillips, CVPR 2004): a rate that is good for comparing two people lets through
most of the searches where each compares with ten thousand. The formula takes comparisons for independent; a person's
references are alike, so that counting each of them errs on the safe side.

Traffic is counted in searches and not in people: whoever stays before a camera and is nobody it knows is searched for
again and again, and these searches are alike too.
"""

import math
from dataclasses import dataclass

from matcher.evaluation.estimate import Estimate
from matcher.recognition.operating_point import Measurement

DAY, WEEK = 1, 7
"""Days."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What to expect with so many references in scope and so many searches a day.

    fpir: the share of searches for people who are not enrolled that raise an alarm. false_alarms_a_day: if all
    searches are for such people, which is the most there can be. misses_per_hundred: of a hundred searches for enrolled
    people, those that find nobody, if the camera's pictures are like those measured. fmr_for_one_a_week: the false
    match rate that would bring one false alarm a week; None where nobody is searched for or nobody is enrolled.
    """

    references: int
    searches_a_day: float
    fpir: Estimate
    false_alarms_a_day: Estimate
    misses_per_hundred: Estimate
    fmr_for_one_a_week: float | None


def expected(evidence: Measurement, *, references: int, searches_a_day: float) -> Expectation:
    """What a point of this evidence brings. references: those that a search compares with."""
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
    """What to remember when the measured rates are taken for a site's."""
    if evidence.dataset.startswith(("LFW", "Labeled Faces in the Wild")):
        return (
            "These rates are of LFW's news photographs. A camera sees people from afar, turned and in poor light: "
            "expect it to miss more."
        )
    return f"These rates hold as far as this site's people and pictures are like those of {evidence.dataset}."


def fpir(fmr: float, references: int) -> float:
    """The share of searches for people who are not enrolled that find somebody among so many references."""
    if fmr >= 1:
        return float(references > 0)
    # By logarithms: 1 - (1 - 1e-17) would be nothing.
    return -math.expm1(references * math.log1p(-fmr))


def fmr_for(alarms_a_day: float, *, references: int, searches_a_day: float) -> float | None:
    """The false match rate at which so many false alarms a day are expected; None where there can be none at all.

    It is 1 where there are not even that many searches.
    """
    if references < 1 or searches_a_day <= 0:
        return None
    share = alarms_a_day / searches_a_day
    return 1.0 if share >= 1 else -math.expm1(math.log1p(-share) / references)
