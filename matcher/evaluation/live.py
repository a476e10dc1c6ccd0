"""The live evaluation: what a log and its reviews tell of how well, and how fairly, the cameras recognise.

A false alarm is an alert that people rejected. Whom the cameras missed stands in no log, so FNMR is not measured here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np

from matcher.evaluation.comparison import Named, Ratio, compare
from matcher.evaluation.drift import drift
from matcher.evaluation.events import Events, LoggedAlert, Moments, Searches, Span
from matcher.evaluation.groups import Groups
from matcher.evaluation.interval import gamma_interval
from matcher.evaluation.sampling import Sampling, weights

ALPHA = 0.01
"""How often, at most, a report may say of groups that are treated alike that one is not; and the same for drift."""

MIN_PEOPLE = 30
MIN_FALSE = 20
MIN_NAMED = 10
"""Nothing is claimed of two groups unless each has MIN_PEOPLE, and both together MIN_FALSE rejected alerts, about
MIN_NAMED different people. Of groups smaller than MIN_PEOPLE nothing is told at all: few are soon recognised."""

T = TypeVar("T", int, Moments)

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLION = 1_000_000
_OTHERS = "all others"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A rate with its 95 % interval, alarms of one person taken together."""

    value: float
    low: float
    high: float


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
    """Of one ISO week, by UTC. dissimilarity: the median of confirmed alerts. quality: the median of probes."""

    week: str
    days: int
    searches: int
    tally: Tally
    false_a_day: Estimate | None
    dissimilarity: float | None
    quality: float | None


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

    small: groups of which nothing is told, by attribute: how many there are.
    """

    began: datetime
    ended: datetime
    thresholds: Sequence[float]
    sampling: Sampling
    total: CameraFigures
    cameras: Sequence[CameraFigures]
    weeks: Sequence[WeekFigures]
    declared: int
    given: int
    groups: Sequence[GroupFigures]
    small: Mapping[str, int]
    comparisons: Sequence[Comparison]
    drifts: Sequence[Drift]

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


def evaluate(events: Events, groups: Groups) -> LiveReport:
    """The report. groups: by subject, what they declared; empty where nobody did. The same input gives the same."""
    weight, sampling = weights(events.alerts)
    counter = _Counter(weight, sampling.largest_weight)
    known = _known_groups(events, groups)
    figures, small = _group_figures(events, known, counter)
    return LiveReport(
        began=_moment(events.began),
        ended=_moment(events.ended),
        thresholds=events.thresholds,
        sampling=sampling,
        total=_camera_figures(None, events.searches, events.alerts, counter),
        cameras=[
            _camera_figures(
                camera,
                [one for one in events.searches if one.camera == camera],
                [alert for alert in events.alerts if alert.camera == camera],
                counter,
            )
            for camera in sorted({one.camera for one in events.searches})
        ],
        weeks=_weeks(events, counter),
        declared=len(events.declarations),
        given=len(groups),
        groups=figures,
        small=small,
        comparisons=_comparisons(events, known, counter),
        drifts=_drifts(events),
    )


def chances(searches: Sequence[Searches], spans: Iterable[Span]) -> dict[str, int]:
    """By subject, how many of the searches might have found them: each once, however many consents cover it."""
    by_subject: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_subject[span.subject].append(span)
    return {
        subject: sum(_covered(one.times, [span for span in own if span.covers(one)]) for one in searches)
        for subject, own in by_subject.items()
    }


def _covered(times: Moments, spans: Sequence[Span]) -> int:
    count, until = 0, 0
    for span in sorted(spans, key=lambda span: span.begin):
        begin = max(span.begin, until)
        if span.end > begin:
            low, high = np.searchsorted(times, (begin, span.end))
            count += int(high - low)
            until = span.end
    return count


@dataclass(frozen=True, kw_only=True)
class _Person:
    """Somebody with known groups, and how many searches might have found them."""

    subject: str
    attributes: Mapping[str, str]
    chances: int


class _Counter:
    """Counts alerts with the weights that the decided ones have."""

    def __init__(self, weight: Mapping[int, float], largest: float) -> None:
        self._weight = weight
        self._largest = largest

    def tally(self, alerts: Sequence[LoggedAlert]) -> Tally:
        rejected = [alert for alert in alerts if alert.rejected]
        decided = sum(alert.rejected is not None for alert in alerts)
        return Tally(
            alerts=len(alerts),
            confirmed=decided - len(rejected),
            rejected=len(rejected),
            undecided=len(alerts) - decided,
            estimated_false=float(sum(self._weight[alert.request] for alert in rejected)),
        )

    def false_alarms(self, alerts: Iterable[LoggedAlert]) -> dict[str, tuple[float, float]]:
        """By subject falsely named: the sum of weights, and of their squares."""
        found: dict[str, tuple[float, float]] = {}
        for alert in alerts:
            if alert.rejected:
                one, (total, squares) = self._weight[alert.request], found.get(alert.subject, (0.0, 0.0))
                found[alert.subject] = (total + one, squares + one**2)
        return found

    def estimate(self, alerts: Sequence[LoggedAlert], over: float) -> Estimate | None:
        """False alarms over so much; None where there was nothing, or nobody decided an alert."""
        if not over or (alerts and all(alert.rejected is None for alert in alerts)):
            return None
        parts = [total for total, _ in self.false_alarms(alerts).values()]
        low, high = gamma_interval(parts, self._largest)
        return Estimate(value=sum(parts) / over, low=low / over, high=high / over)


def _camera_figures(
    camera: str | None, searches: Sequence[Searches], alerts: Sequence[LoggedAlert], counter: _Counter
) -> CameraFigures:
    days = len(np.unique(np.concatenate([one.times // _DAY for one in searches]))) if searches else 0
    return CameraFigures(
        camera=camera,
        days=days,
        searches=sum(len(one.times) for one in searches),
        tally=counter.tally(alerts),
        false_a_day=counter.estimate(alerts, days),
    )


def _weeks(events: Events, counter: _Counter) -> list[WeekFigures]:
    if not events.searches:
        return []
    times = np.concatenate([one.times for one in events.searches])
    qualities = np.concatenate([one.qualities for one in events.searches])
    weeks = _week(times)
    by_week: dict[int, list[LoggedAlert]] = defaultdict(list)
    for alert in events.alerts:
        by_week[_week(alert.time)].append(alert)
    figures = []
    for week in np.unique(weeks).tolist():
        alerts, mine = by_week[week], weeks == week
        days = len(np.unique(times[mine] // _DAY))
        known = qualities[mine][~np.isnan(qualities[mine])]
        scores = [alert.dissimilarity for alert in alerts if alert.rejected is False]
        year, number, _ = _moment(week * 7 * _DAY - 3 * _DAY).isocalendar()
        figures.append(
            WeekFigures(
                week=f"{year}-W{number:02}",
                days=days,
                searches=int(mine.sum()),
                tally=counter.tally(alerts),
                false_a_day=counter.estimate(alerts, days),
                dissimilarity=float(np.median(scores)) if scores else None,
                quality=float(np.median(known)) if len(known) else None,
            )
        )
    return figures


def _known_groups(events: Events, groups: Groups) -> list[_Person]:
    """Those whose groups are known and whom a search might have found, in a fixed order."""
    spans = [span for span in events.spans if span.subject in groups]
    return [
        _Person(subject=subject, attributes=groups[subject], chances=count)
        for subject, count in sorted(chances(events.searches, spans).items())
        if count
    ]


def _by_value(people: Sequence[_Person]) -> dict[str, dict[str, list[_Person]]]:
    """By attribute and value."""
    found: dict[str, dict[str, list[_Person]]] = defaultdict(lambda: defaultdict(list))
    for person in people:
        for attribute, value in person.attributes.items():
            found[attribute][value].append(person)
    return {attribute: dict(sorted(values.items())) for attribute, values in sorted(found.items())}


def _group_figures(
    events: Events, people: Sequence[_Person], counter: _Counter
) -> tuple[list[GroupFigures], dict[str, int]]:
    by_subject: dict[str, list[LoggedAlert]] = defaultdict(list)
    for alert in events.alerts:
        by_subject[alert.subject].append(alert)
    figures: list[GroupFigures] = []
    small: dict[str, int] = defaultdict(int)
    for attribute, values in _by_value(people).items():
        for value, members in values.items():
            if len(members) < MIN_PEOPLE:
                small[attribute] += 1
                continue
            alerts = [alert for person in members for alert in by_subject[person.subject]]
            total = sum(person.chances for person in members)
            figures.append(
                GroupFigures(
                    attribute=attribute,
                    value=value,
                    people=len(members),
                    named=len(counter.false_alarms(alerts)),
                    chances=total,
                    tally=counter.tally(alerts),
                    false_per_million=counter.estimate(alerts, total / _MILLION),
                )
            )
    return figures, dict(small)


def _comparisons(events: Events, people: Sequence[_Person], counter: _Counter) -> list[Comparison]:
    """Each group against the others who declared the same attribute; where there are two, the one against the other."""
    alarms = counter.false_alarms(events.alerts)
    rejected: dict[str, int] = defaultdict(int)
    for alert in events.alerts:
        rejected[alert.subject] += bool(alert.rejected)
    asked = []
    for attribute, values in _by_value(people).items():
        large = [value for value, members in values.items() if len(members) >= MIN_PEOPLE]
        everybody = [person for members in values.values() for person in members]
        pair = len(values) == 2 and len(large) == 2
        for value in large[:1] if pair else large:
            why_not = _too_few(everybody, len(values[value]), rejected)
            asked.append((attribute, value, large[1] if pair else _OTHERS, everybody, why_not))
    tested = sum(why_not is None for *_, why_not in asked)
    confidence = 1 - ALPHA / max(tested, 1)
    made = []
    for attribute, value, against, everybody, why_not in asked:
        ratio = None
        if why_not is None:
            inside = np.array([person.attributes[attribute] == value for person in everybody])
            ratio = compare(_named(everybody, alarms), inside, confidence=confidence)
        made.append(
            Comparison(
                attribute=attribute,
                value=value,
                against=against,
                confidence=confidence,
                ratio=ratio,
                finding=ratio is not None and ratio.excludes_one,
                why_not=why_not,
            )
        )
    return made


def _too_few(people: Sequence[_Person], inside: int, rejected: Mapping[str, int]) -> str | None:
    """Why nothing is claimed, if so."""
    counts = [rejected.get(person.subject, 0) for person in people]
    if len(people) - inside < MIN_PEOPLE:
        return f"fewer than {MIN_PEOPLE} others"
    if sum(counts) < MIN_FALSE:
        return f"fewer than {MIN_FALSE} rejected alerts"
    if sum(count > 0 for count in counts) < MIN_NAMED:
        return f"fewer than {MIN_NAMED} people falsely named"
    return None


def _named(people: Sequence[_Person], alarms: Mapping[str, tuple[float, float]]) -> Named:
    own = np.array([alarms.get(person.subject, (0.0, 0.0)) for person in people])
    searches = np.array([float(person.chances) for person in people])
    return Named(alarms=own[:, 0], squares=own[:, 1], searches=searches)


def _drifts(events: Events) -> list[Drift]:
    tested: list[tuple[str, str, float]] = []
    for camera in sorted({one.camera for one in events.searches}):
        for measure, of in _MEASURES.items():
            p = drift(*of(events, camera))
            if p is not None:
                tested.append((camera, measure, p))
    return [
        Drift(camera=camera, measure=measure, p=p, finding=p <= ALPHA / len(tested)) for camera, measure, p in tested
    ]


_Series = tuple[np.ndarray[tuple[int], np.dtype[np.float64]], Moments, Moments]


def _scores(events: Events, camera: str) -> _Series:
    """A person's mean of a week; the person is the block."""
    weekly: dict[tuple[str, int], list[float]] = defaultdict(list)
    for alert in events.alerts:
        if alert.camera == camera and alert.rejected is False:
            weekly[alert.subject, _week(alert.time)].append(alert.dissimilarity)
    people = {subject: number for number, subject in enumerate(sorted({subject for subject, _ in weekly}))}
    keys = sorted(weekly)
    return (
        np.array([float(np.mean(weekly[key])) for key in keys]),
        np.array([week for _, week in keys], dtype=np.int64),
        np.array([people[subject] for subject, _ in keys], dtype=np.int64),
    )


def _qualities(events: Events, camera: str) -> _Series:
    """A day's median; the day of the week is the block."""
    own = [one for one in events.searches if one.camera == camera]
    days = np.concatenate([one.times for one in own]) // _DAY
    values = np.concatenate([one.qualities for one in own])
    days, values = days[~np.isnan(values)], values[~np.isnan(values)]
    every = np.unique(days)
    medians = np.array([float(np.median(values[days == day])) for day in every])
    return medians, (every + 3) // 7, (every + 3) % 7


_MEASURES: Mapping[str, Callable[[Events, str], _Series]] = {
    "dissimilarity of confirmed alerts": _scores,
    "quality of probes": _qualities,
}


def _week(time: T) -> T:
    """Weeks since the Monday before 1970 began, a Thursday."""
    return (time // _DAY + 3) // 7


def _moment(time: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time)


def _unequal(one: Comparison, ratio: Ratio) -> str:
    return (
        f"{one.attribute} {one.value}: falsely named {ratio.ratio:.2f} times as often as {one.against} "
        f"[{ratio.low:.2f}, {ratio.high:.2f}] ({100 * one.confidence:.4g} % interval)."
    )
