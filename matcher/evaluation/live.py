"""The live evaluation: measures from a log and its reviews how often, and in which groups, the cameras err. A false
alarm is an alert that people rejected. The log cannot contain people whom the cameras missed, so FNMR is not measured
here.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.evaluation import drift
from matcher.evaluation.alert_counter import AlertCounter
from matcher.evaluation.drift import Series
from matcher.evaluation.figures import (
    CameraFigures,
    Drift,
    LiveReport,
    WeekFigures,
)
from matcher.evaluation.groups import Groups
from matcher.evaluation.live_groups import comparisons, group_figures
from matcher.evaluation.log_extract import LogExtract, LoggedAlert, Moments, Searches
from matcher.evaluation.opportunities import known_people
from matcher.evaluation.permutations import permutation_count
from matcher.evaluation.sampling import MIN_DECIDED, Sampling

ALPHA = 0.01
"""The significance level of a whole report for groups, and the same for drift: the greatest probability of a false
finding."""

T = TypeVar("T", int, Moments)

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(events: LogExtract, groups: Groups) -> LiveReport:
    """The report. groups: the declared attributes, by subject; may be empty. The same input gives the same report."""
    cameras = _by_camera(events)
    unjudged = tuple(name for name, own in cameras.items() if own.unjudged)
    judged = replace(
        events,
        searches=[one for one in events.searches if one.camera not in unjudged],
        alerts=[alert for alert in events.alerts if alert.camera not in unjudged],
    )
    counter = AlertCounter(judged.alerts)
    known = known_people(judged, groups)
    figures, small = group_figures(judged, known, counter)
    drifts, no_drifts = _drifts(cameras)
    return LiveReport(
        began=None if events.began is None else _moment(events.began),
        ended=None if events.ended is None else _moment(events.ended),
        thresholds=events.thresholds,
        sampling=counter.sampling,
        total=_camera_figures(None, judged.searches, judged.alerts, counter),
        unjudged=unjudged,
        cameras=[
            _camera_figures(name, own.searches, own.alerts, AlertCounter(own.alerts)) for name, own in cameras.items()
        ],
        weeks=_weeks(events),
        declared=len(events.declarations),
        given=len(groups),
        groups=figures,
        small=small,
        comparisons=comparisons(judged, known, counter, alpha=ALPHA),
        drifts=drifts,
        no_drifts=no_drifts,
    )


def _camera_figures(
    camera: str | None, searches: Sequence[Searches], alerts: Sequence[LoggedAlert], counter: AlertCounter
) -> CameraFigures:
    days = len(np.unique(np.concatenate([one.times // _DAY for one in searches]))) if searches else 0
    return CameraFigures(
        camera=camera,
        days=days,
        searches=sum(len(one.times) for one in searches),
        tally=counter.tally(alerts),
        false_a_day=counter.estimate(alerts, days),
    )


@dataclass(frozen=True, kw_only=True)
class _Camera:
    """The events of one camera."""

    searches: list[Searches] = field(default_factory=list)
    alerts: list[LoggedAlert] = field(default_factory=list)

    @property
    def unjudged(self) -> bool:
        """True if it raised alerts and none is decided: then the number of false ones cannot be estimated."""
        return bool(self.alerts) and all(alert.rejected is None for alert in self.alerts)


def _by_camera(events: LogExtract) -> dict[str, _Camera]:
    """The cameras that searched, by name."""
    found: dict[str, _Camera] = {one.camera: _Camera() for one in sorted(events.searches, key=lambda one: one.camera)}
    for one in events.searches:
        found[one.camera].searches.append(one)
    for alert in events.alerts:
        found[alert.camera].alerts.append(alert)
    return found


def _places(keys: Moments) -> list[tuple[int, npt.NDArray[np.intp]]]:
    """Each distinct key of the (n,) keys, in order, with its positions."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    every, begins = np.unique(keys[order], return_index=True)
    return list(zip(every.tolist(), np.split(order, begins[1:]), strict=True))


def _weeks(events: LogExtract) -> list[WeekFigures]:
    if not events.searches:
        return []
    times = np.concatenate([one.times for one in events.searches])
    qualities = np.concatenate([one.qualities for one in events.searches])
    by_week: dict[int, list[LoggedAlert]] = defaultdict(list)
    for alert in events.alerts:
        by_week[_week(alert.time)].append(alert)
    figures = []
    for week, mine in _places(_week(times)):
        alerts = by_week[week]
        counter = AlertCounter(alerts)
        why_not = _undecided(counter.sampling)
        days = len(np.unique(times[mine] // _DAY))
        known = qualities[mine][~np.isnan(qualities[mine])]
        scores = [alert.dissimilarity for alert in alerts if alert.rejected is False]
        year, number, _ = _moment(week * 7 * _DAY - 3 * _DAY).isocalendar()
        figures.append(
            WeekFigures(
                week=f"{year}-W{number:02}",
                days=days,
                searches=len(mine),
                tally=counter.tally(alerts),
                false_a_day=None if why_not else counter.estimate(alerts, days),
                dissimilarity=float(np.median(scores)) if scores else None,
                quality=float(np.median(known)) if len(known) else None,
                why_not=why_not,
            )
        )
    return figures


def _undecided(sampling: Sampling) -> str | None:
    """Why a week's decided alerts do not stand for the undecided ones; None if they do. A recent week may not have been
    reviewed yet."""
    if sampling.decided == sampling.alerts:
        return None
    if sampling.decided < MIN_DECIDED:
        return f"{sampling.decided} of {sampling.alerts} alerts decided so far"
    if sampling.beyond:
        return f"{sampling.beyond} alerts of cameras where nobody has decided any"
    return None


def _drifts(cameras: Mapping[str, _Camera]) -> tuple[list[Drift], str | None]:
    """A test for each camera and measure with enough values; or why no test was made."""
    asked = [
        (name, measure, series)
        for name, camera in cameras.items()
        for measure, of in _MEASURES.items()
        if (series := of(camera)).tells
    ]
    permutations = permutation_count(len(asked), ALPHA, least=drift.LEAST, most=drift.MOST)
    if permutations is None:
        return [], f"{len(asked)} tests are too many for one report"
    tested = [(name, measure, drift.drift(series, permutations=permutations)) for name, measure, series in asked]
    return [
        Drift(camera=name, measure=measure, p=p, finding=p <= ALPHA / len(tested)) for name, measure, p in tested
    ], None


def _scores(camera: _Camera) -> Series:
    """A person's mean of a week; the person is the block."""
    weekly: dict[tuple[str, int], list[float]] = defaultdict(list)
    for alert in camera.alerts:
        if alert.rejected is False:
            weekly[alert.subject, _week(alert.time)].append(alert.dissimilarity)
    people = {subject: number for number, subject in enumerate(sorted({subject for subject, _ in weekly}))}
    keys = sorted(weekly)
    return Series(
        values=np.array([float(np.mean(weekly[key])) for key in keys]),
        weeks=np.array([week for _, week in keys], dtype=np.int64),
        blocks=np.array([people[subject] for subject, _ in keys], dtype=np.int64),
    )


def _qualities(camera: _Camera) -> Series:
    """A day's median; the day of the week is the block."""
    days = np.concatenate([one.times for one in camera.searches]) // _DAY
    values = np.concatenate([one.qualities for one in camera.searches])
    days, values = days[~np.isnan(values)], values[~np.isnan(values)]
    daily = _places(days)
    every = np.array([day for day, _ in daily], dtype=np.int64)
    medians = np.array([float(np.median(values[places])) for _, places in daily])
    return Series(values=medians, weeks=(every + 3) // 7, blocks=(every + 3) % 7)


_MEASURES: Mapping[str, Callable[[_Camera], Series]] = {
    "dissimilarity of confirmed alerts": _scores,
    "quality of probes": _qualities,
}


def _week(time: T) -> T:
    """Weeks since the Monday before 1970 began, a Thursday."""
    return (time // _DAY + 3) // 7


def _moment(time: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time)
