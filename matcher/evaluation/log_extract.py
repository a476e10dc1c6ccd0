"""The events of a log that are counted: searches by cameras, the alerts they led to, and the times at which subjects
could be found. Only alerts with an entry of their own count: a camera searches again while a person stands there and
raises one alert, so a match is no alert.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.alerts.alert import AlertStatus
from matcher.consent.consents import microseconds, moment_at
from matcher.consent.hours import hours_of
from matcher.consent.rule import ConsentRule
from matcher.log.entry import EntryKind, decode
from matcher.log.version import Body
from matcher.probe.probe import CAMERA_ACTOR
from matcher.timestamp import parse_time

_FOREVER = 2**62
UTC = "UTC"
"""The time zone of searches that name none: consents had no hours when they were made."""

_DECIDED = frozenset({AlertStatus.CONFIRMED, AlertStatus.REJECTED})

Moments = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searches:
    """The n searches of one camera for one purpose in one time zone. times: (n,), in order. qualities: (n,) of probes;
    NaN: unknown. time_zone: in which the hours of consents were read.
    """

    camera: str
    purpose: str
    time_zone: str = UTC
    times: Moments
    qualities: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LoggedAlert:
    """request: the index of its search's request entry. time: of that entry, in microseconds. rejected: None is
    undecided."""

    request: int
    time: int
    camera: str
    subject: str
    dissimilarity: float
    rejected: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """A consent of a subject, in force from its entry in the log to its end."""

    subject: str
    rule: ConsentRule


@dataclass(frozen=True, kw_only=True, eq=False)
class LogExtract:
    """All events of an interval. began, ended: of the interval, in microseconds; None if it has no search. thresholds:
    all that its searches used. declarations: by subject, the commitment to the present declaration.
    """

    began: int | None
    ended: int | None
    searches: Sequence[Searches]
    alerts: Sequence[LoggedAlert]
    spans: Sequence[Span]
    thresholds: Sequence[float]
    declarations: Mapping[str, str]


def events_of(leaves: Iterable[bytes], *, since: datetime | None = None, until: datetime | None = None) -> LogExtract:
    """Reads the leaves of a whole log, and counts the searches from `since` (included) to `until` (not included).

    Raises EntryNewerError, and ValueError for a leaf that is no entry: check the log first.
    """
    reading = _Reading(
        since=0 if since is None else microseconds(since), until=_FOREVER if until is None else microseconds(until)
    )
    for index, leaf in enumerate(leaves):
        entry = decode(leaf)
        take = _TAKEN.get(entry.kind)
        if take is not None:
            take(reading, index, microseconds(entry.time), entry.body)
    return reading.events()


@dataclass(kw_only=True)
class _Reading:
    """One pass over the entries. searched: by index, time and camera of each search that may have led to an alert.
    alerts: by id. consents: by subject, the ids of their consents, which are the keys of the spans.
    """

    since: int
    until: int
    searched: dict[int, tuple[int, str]] = field(default_factory=dict)
    searches: dict[tuple[str, str, str], list[tuple[int, float]]] = field(default_factory=dict)
    alerts: dict[str, LoggedAlert] = field(default_factory=dict)
    consents: dict[str, list[str]] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    thresholds: set[float] = field(default_factory=set)
    declarations: dict[str, str] = field(default_factory=dict)

    def request(self, index: int, time: int, body: Body) -> None:
        if (
            body["search"] != "identify"
            or not body["actor"].startswith(CAMERA_ACTOR)
            or not self.since <= time < self.until
        ):
            return
        self.searched[index] = (time, body["camera"])
        quality = body.get("quality")
        asked = (body["camera"], body["purpose"], body.get("time_zone", UTC))
        self.searches.setdefault(asked, []).append((time, np.nan if quality is None else quality))
        self.thresholds.add(body["operating_point"]["threshold"])

    def outcome(self, index: int, time: int, body: Body) -> None:
        if not body["candidates"]:
            self.searched.pop(body["request"], None)

    def failure(self, index: int, time: int, body: Body) -> None:
        if "request" in body:
            self.searched.pop(body["request"], None)

    def alert(self, index: int, time: int, body: Body) -> None:
        search = self.searched.get(body["request"])
        if search is not None:
            time, camera = search
            self.alerts[body["alert"]] = LoggedAlert(
                request=body["request"],
                time=time,
                camera=camera,
                subject=body["subject"],
                dissimilarity=body["dissimilarity"],
            )

    def review(self, index: int, time: int, body: Body) -> None:
        status, alert = AlertStatus(body["status"]), self.alerts.get(body["alert"])
        if alert is not None and status in _DECIDED:
            self.alerts[body["alert"]] = replace(alert, rejected=status is AlertStatus.REJECTED)

    def enrolment(self, index: int, time: int, body: Body) -> None:
        if body.get("consent") is not None:
            self._agreed(time, body)

    def consent(self, index: int, time: int, body: Body) -> None:
        if body["action"] == "granted":
            self._agreed(time, body)
        else:
            self._ended(body["consent"]["id"], time)

    def withdrawal(self, index: int, time: int, body: Body) -> None:
        for consent in self.consents.get(body["subject"], ()):
            self._ended(consent, time)
        self.declarations.pop(body["subject"], None)

    def declaration(self, index: int, time: int, body: Body) -> None:
        if body["action"] == "declared":
            self.declarations[body["subject"]] = body["commitment"]
        else:
            self.declarations.pop(body["subject"], None)

    def _agreed(self, time: int, body: Body) -> None:
        consent, subject = body["consent"], body["subject"]
        self.consents.setdefault(subject, []).append(consent["id"])
        self.spans[consent["id"]] = Span(
            subject=subject,
            rule=ConsentRule(
                purpose=consent["purpose"],
                cameras=frozenset(consent["cameras"]),
                valid_from=max(parse_time(consent["valid_from"]), moment_at(time)),
                valid_until=parse_time(consent["valid_until"]),
                times=hours_of(consent.get("times", ())),
            ),
        )

    def _ended(self, consent: str, time: int) -> None:
        span = self.spans.get(consent)
        if span is not None:
            ends_at = min(span.rule.ends_at, moment_at(time))
            self.spans[consent] = replace(span, rule=replace(span.rule, withdrawn_at=ends_at))

    def _in_time(self) -> Iterable[tuple[tuple[str, str, str], list[tuple[int, float]]]]:
        """By camera, purpose and time zone, in the order of times; the order of the log differs from it where a clock
        ran ahead."""
        for place, made in sorted(self.searches.items()):
            yield place, sorted(made, key=lambda one: one[0])

    def events(self) -> LogExtract:
        searches = [
            Searches(
                camera=camera,
                purpose=purpose,
                time_zone=time_zone,
                times=np.array([time for time, _ in made], dtype=np.int64),
                qualities=np.array([quality for _, quality in made], dtype=np.float64),
            )
            for (camera, purpose, time_zone), made in self._in_time()
        ]
        return LogExtract(
            began=min((int(one.times[0]) for one in searches), default=None),
            ended=max((int(one.times[-1]) + 1 for one in searches), default=None),
            searches=searches,
            alerts=sorted(self.alerts.values(), key=lambda alert: alert.request),
            spans=sorted(self.spans.values(), key=lambda span: (span.subject, span.rule.valid_from, span.rule.purpose)),
            thresholds=sorted(self.thresholds),
            declarations=self.declarations,
        )


_TAKEN: Mapping[EntryKind, Any] = {
    EntryKind.REQUEST: _Reading.request,
    EntryKind.OUTCOME: _Reading.outcome,
    EntryKind.FAILURE: _Reading.failure,
    EntryKind.ALERT: _Reading.alert,
    EntryKind.REVIEW: _Reading.review,
    EntryKind.ENROLMENT: _Reading.enrolment,
    EntryKind.CONSENT: _Reading.consent,
    EntryKind.WITHDRAWAL: _Reading.withdrawal,
    EntryKind.DECLARATION: _Reading.declaration,
}
