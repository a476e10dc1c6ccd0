"""What a log tells that can be counted: searches by cameras, the alerts they led to, and who could be found when.

That an alert was raised is no entry of the log. It is told from the outcomes by the rule that cameras keep: the first
candidate of a search, unless there was an alert about the same person at the same camera less than AGAIN before. What
people reviewed was an alert in any case.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.alert import AlertStatus
from matcher.audit.entry import Body, EntryKind, decode
from matcher.gallery.consent import ANY_CAMERA
from matcher.gallery.consents import microseconds
from matcher.store.tables import parse_time

AGAIN = 60_000_000
"""Microseconds. A service may be set to another pause; then the number of undecided alerts is told wrongly."""

_CAMERA = "camera:"
_FOREVER = 2**62
_DECIDED = frozenset({AlertStatus.CONFIRMED, AlertStatus.REJECTED})

Moments = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searches:
    """The n searches of one camera for one purpose. times: (n,), in order. qualities: (n,) of probes; NaN: unknown."""

    camera: str
    purpose: str
    times: Moments
    qualities: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LoggedAlert:
    """request: the index of its search. time: when that was logged, in microseconds. rejected: None is undecided."""

    request: int
    time: int
    camera: str
    subject: str
    dissimilarity: float
    rejected: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """A time, in microseconds, in which a subject could be found for a purpose at some cameras (or ANY_CAMERA)."""

    subject: str
    purpose: str
    cameras: frozenset[str]
    begin: int
    end: int

    def covers(self, searches: Searches) -> bool:
        """Whether those searches might find the subject in that time."""
        return self.purpose == searches.purpose and bool({ANY_CAMERA, searches.camera} & self.cameras)


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """All of it. began, ended: of the time looked at, in microseconds. thresholds: all that were searched with in it.

    declarations: by subject, the commitment to what is declared now.
    """

    began: int
    ended: int
    searches: Sequence[Searches]
    alerts: Sequence[LoggedAlert]
    spans: Sequence[Span]
    thresholds: Sequence[float]
    declarations: Mapping[str, str]


def distinct(matches: Iterable[LoggedAlert], reviewed: Mapping[int, bool | None]) -> list[LoggedAlert]:
    """The alerts among matches that are in the order of time. reviewed: by request, what came of those reviewed."""
    last: dict[tuple[str, str], int] = {}
    alerts = []
    for match in matches:
        who = (match.camera, match.subject)
        if match.request in reviewed or match.time - last.get(who, -AGAIN) >= AGAIN:
            last[who] = match.time
            alerts.append(replace(match, rejected=reviewed.get(match.request)))
    return alerts


def events_of(leaves: Iterable[bytes], *, since: datetime | None = None, until: datetime | None = None) -> Events:
    """What the leaves of a whole log tell, of the searches from `since` up to but not including `until`.

    Raises ValueError for a leaf that is no entry: check the log first.
    """
    reading = _Reading(
        since=0 if since is None else microseconds(since), until=_FOREVER if until is None else microseconds(until)
    )
    for index, leaf in enumerate(leaves):
        moment, kind, body = decode(leaf)
        take = _TAKEN.get(kind)
        if take is not None:
            take(reading, index, microseconds(moment), body)
    return reading.events()


@dataclass(kw_only=True)
class _Reading:
    """One pass over the entries. open: searches without an outcome so far, by index."""

    since: int
    until: int
    open: dict[int, tuple[int, str]] = field(default_factory=dict)
    searches: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    matches: list[LoggedAlert] = field(default_factory=list)
    reviewed: dict[int, bool | None] = field(default_factory=dict)
    enrolled: dict[str, int] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    thresholds: set[float] = field(default_factory=set)
    declarations: dict[str, str] = field(default_factory=dict)

    def request(self, index: int, time: int, body: Body) -> None:
        if body["search"] != "identify" or not body["actor"].startswith(_CAMERA) or not self.since <= time < self.until:
            return
        self.open[index] = (time, body["camera"])
        quality = body.get("quality")
        place = self.searches.setdefault((body["camera"], body["purpose"]), [])
        place.append((time, np.nan if quality is None else quality))
        self.thresholds.add(body["operating_point"]["threshold"])

    def outcome(self, index: int, time: int, body: Body) -> None:
        known = self.open.pop(body["request"], None)
        if known is not None and body["candidates"]:
            first = body["candidates"][0]
            self.matches.append(
                LoggedAlert(
                    request=body["request"],
                    time=known[0],
                    camera=known[1],
                    subject=first["subject"],
                    dissimilarity=first["dissimilarity"],
                )
            )

    def review(self, index: int, time: int, body: Body) -> None:
        status = AlertStatus(body["status"])
        self.reviewed[body["request_index"]] = status is AlertStatus.REJECTED if status in _DECIDED else None

    def enrolment(self, index: int, time: int, body: Body) -> None:
        self.enrolled.setdefault(body["subject"], time)
        if body.get("consent") is not None:
            self._agreed(time, body)

    def consent(self, index: int, time: int, body: Body) -> None:
        if body["action"] == "granted":
            self._agreed(time, body)
        else:
            self._ended(body["consent"]["id"], time)

    def withdrawal(self, index: int, time: int, body: Body) -> None:
        for consent, span in list(self.spans.items()):
            if span.subject == body["subject"]:
                self._ended(consent, time)
        self.declarations.pop(body["subject"], None)

    def declaration(self, index: int, time: int, body: Body) -> None:
        if body["action"] == "declared":
            self.declarations[body["subject"]] = body["commitment"]
        else:
            self.declarations.pop(body["subject"], None)

    def _agreed(self, time: int, body: Body) -> None:
        consent, subject = body["consent"], body["subject"]
        self.spans[consent["id"]] = Span(
            subject=subject,
            purpose=consent["purpose"],
            cameras=frozenset(consent["cameras"]),
            begin=max(microseconds(parse_time(consent["valid_from"])), self.enrolled.get(subject, time), time),
            end=microseconds(parse_time(consent["valid_until"])),
        )

    def _ended(self, consent: str, time: int) -> None:
        span = self.spans.get(consent)
        if span is not None:
            self.spans[consent] = replace(span, end=min(span.end, time))

    def events(self) -> Events:
        searches = [
            Searches(
                camera=camera,
                purpose=purpose,
                times=np.array([time for time, _ in made], dtype=np.int64),
                qualities=np.array([quality for _, quality in made], dtype=np.float64),
            )
            for (camera, purpose), made in sorted(self.searches.items())
        ]
        first = min((int(one.times[0]) for one in searches), default=0)
        last = max((int(one.times[-1]) for one in searches), default=0)
        return Events(
            began=max(self.since, first),
            ended=min(self.until, last + 1),
            searches=searches,
            alerts=distinct(sorted(self.matches, key=lambda match: match.request), self.reviewed),
            spans=sorted(self.spans.values(), key=lambda span: (span.subject, span.begin, span.purpose)),
            thresholds=sorted(self.thresholds),
            declarations=self.declarations,
        )


_TAKEN: Mapping[EntryKind, Any] = {
    EntryKind.REQUEST: _Reading.request,
    EntryKind.OUTCOME: _Reading.outcome,
    EntryKind.REVIEW: _Reading.review,
    EntryKind.ENROLMENT: _Reading.enrolment,
    EntryKind.CONSENT: _Reading.consent,
    EntryKind.WITHDRAWAL: _Reading.withdrawal,
    EntryKind.DECLARATION: _Reading.declaration,
}
