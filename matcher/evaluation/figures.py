"""The results of a live evaluation: counts, rates and findings, by camera, week and declared group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from matcher.evaluation.comparison import Ratio
from matcher.evaluation.estimate import Estimate
from matcher.evaluation.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Alerts by verdict. estimated_false: the estimated number of false alerts among all, including the undecided."""

    alerts: int
    confirmed: int
    rejected: int
    undecided: int
    estimated_false: float


@dataclass(frozen=True, kw_only=True)
class CameraFigures:
    """Figures of one camera, or of all (camera is None). days: the number of days with a search."""

    camera: str | None
    days: int
    searches: int
    tally: Tally
    false_a_day: Estimate | None


@dataclass(frozen=True, kw_only=True)
class WeekFigures:
    """Figures of one ISO week, by UTC. dissimilarity: the median of confirmed alerts. quality: the median of probes.
    The week's rate is estimated from that week's decided alerts only. why_not: why there is no rate, though there were
    alerts.
    """

    week: str
    days: int
    searches: int
    tally: Tally
    false_a_day: Estimate | None
    dissimilarity: float | None
    quality: float | None
    why_not: str | None = None


@dataclass(frozen=True, kw_only=True)
class GroupFigures:
    """Figures of the people who declared this. named: the number of these people who were named in a false alarm.
    chances: the opportunities: searches that might have found a person, summed over people. false_per_million: false
    alarms per million opportunities."""

    attribute: str
    value: str
    people: int
    named: int
    chances: int
    tally: Tally
    false_per_million: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The ratio of one group's rate of false alarms to the others'. The confidence level holds for all comparisons of
    the report together. why_not: why there is no ratio. finding: true if the interval excludes 1.
    """

    attribute: str
    value: str
    against: str
    confidence: float
    ratio: Ratio | None
    finding: bool
    why_not: str | None = None


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The test whether one measure of one camera changed over the weeks. p: the p-value of the null hypothesis that no
    week differs. One test covers all weeks."""

    camera: str
    measure: str
    p: float
    finding: bool


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """The whole report. declared: the number of people with a declaration at the end of the log. given: how many of
    these have their groups among those given to the evaluation. began, ended: None if there was no search. small: the
    number of groups that are too small to be shown or named. no_drifts: why no test for drift was made. unjudged:
    cameras with alerts, none decided. The total and the groups leave them out, because they may see different people.
    """

    began: datetime | None
    ended: datetime | None
    thresholds: Sequence[float]
    sampling: Sampling
    total: CameraFigures
    unjudged: Sequence[str]
    cameras: Sequence[CameraFigures]
    weeks: Sequence[WeekFigures]
    declared: int
    given: int
    groups: Sequence[GroupFigures]
    small: int
    comparisons: Sequence[Comparison]
    drifts: Sequence[Drift]
    no_drifts: str | None = None

    @property
    def findings(self) -> list[str]:
        """The findings, a sentence each."""
        return [
            *(_unequal(one, one.ratio) for one in self.comparisons if one.finding and one.ratio is not None),
            *(
                f"Camera {one.camera}: the {one.measure} changed over the weeks (p = {one.p:.2g})."
                for one in self.drifts
                if one.finding
            ),
        ]


def _unequal(one: Comparison, ratio: Ratio) -> str:
    return (
        f"{one.attribute} {one.value}: falsely named {ratio.ratio:.2f} times as often as {one.against} "
        f"[{_end(ratio.low)}, {_end(ratio.high)}] ({100 * one.confidence:.4g} % interval)."
    )


def _end(end: float | None) -> str:
    return "–" if end is None else f"{end:.2f}"
