"""What a live evaluation tells: counts, rates and findings, by camera, week and declared group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from matcher.evaluation.comparison import Ratio
from matcher.evaluation.estimate import Estimate
from matcher.evaluation.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Alerts, by what people said. estimated_false: what the rejected ones stand for, the undecided included."""

    alerts: int
    confirmed: int
    rejected: int
    undecided: int
    estimated_false: float


@dataclass(frozen=True, kw_only=True)
class CameraFigures:
    """Of one camera, or of all (camera is None). days: on which it searched."""

    camera: str | None
    days: int
    searches: int
    tally: Tally
    false_a_day: Estimate | None


@dataclass(frozen=True, kw_only=True)
class WeekFigures:
    """Of one ISO week, by UTC. dissimilarity: the median of confirmed alerts. quality: the median of probes.

    Its alerts stand for its own undecided ones only. why_not: why no rate is told, though there were alerts.
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
    """Of those who declared this. named: how many were named falsely. chances: searches that might have found a
    person, summed over people. false_per_million: false alarms for a million chances."""

    attribute: str
    value: str
    people: int
    named: int
    chances: int
    tally: Tally
    false_per_million: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One group's rate of false alarms over others'. The interval holds for all comparisons of the report together.

    why_not: why nothing is claimed; then there is no ratio. finding: whether the interval excludes 1.
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
    """Whether one measure of one camera changed over the weeks. p: of "no week differs", all weeks in one test."""

    camera: str
    measure: str
    p: float
    finding: bool


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """All of it. declared: how many had declared something by the end of the log; given: of how many it was known what.

    began, ended: None where nothing was searched. small: of how many groups nothing is told, not even what they are.
    no_drifts: why it was not asked whether anything drifted. unjudged: cameras of whose alerts nobody decided any: the
    total and the groups are told without them, for who is found there may be others than elsewhere.
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
        """What differs, each in a sentence."""
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
