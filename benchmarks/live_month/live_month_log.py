"""Writes a simulated month entry by entry into a log, as a service would have logged it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks.live_month.live_month_world import BEGAN, PURPOSE, THRESHOLD, Month
from matcher.consent.consents import microseconds
from matcher.consent.rule import ANY_CAMERA
from matcher.evaluation.log_extract import LoggedAlert
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.store.database import Database
from matcher.timestamp import format_time

_DIGEST = "0" * 64
_TOGETHER = 2_000
"""Entries in one transaction."""
_MICROSECOND = timedelta(microseconds=1)

Entry = tuple[datetime, EntryKind, dict[str, Any]]


class MonthLog:
    """Writes one month. Entries bear the moments of the month."""

    def __init__(self, month: Month) -> None:
        self._month = month
        self._now = BEGAN
        self._size = 0
        self._requests: dict[int, int] = {}

    def write(self, database: Database) -> AuditLog:
        """The month's log, begun in a database that has none."""
        log = AuditLog(database, clock=lambda: self._now)
        entries = self._entries()
        while part := list(islice(entries, _TOGETHER)):
            with log.writing() as connection:
                for moment, kind, body in part:
                    self._now = moment
                    log.append(connection, kind, body)
        return log

    def _entries(self) -> Iterator[Entry]:
        """Numbered as the log will number them, from 0."""
        for make in (self._enrolments, self._searches, self._reviews):
            for entry in make():
                yield entry
                self._size += 1

    def _enrolments(self) -> Iterator[Entry]:
        spans = sorted(self._month.events.spans, key=lambda span: span.rule.valid_from)
        commitments = self._month.events.declarations
        for place, span in enumerate(spans):
            consent = {
                "id": f"consent-{place}",
                "purpose": PURPOSE,
                "cameras": [ANY_CAMERA],
                "valid_from": format_time(BEGAN),
                "valid_until": format_time(span.rule.valid_until),
                "evidence_commitment": _DIGEST,
            }
            body: dict[str, Any] = {"subject": span.subject}
            body |= {"references": [f"reference-{place}"], "refused": {}, "actor": "cli:month"}
            body |= {"model_digest": _DIGEST, "revision": place + 1, "consent": consent}
            yield span.rule.valid_from, EntryKind.ENROLMENT, body
        for span in spans:
            body = {"action": "declared", "subject": span.subject, "actor": "cli:month"}
            yield (
                spans[-1].rule.valid_from,
                EntryKind.DECLARATION,
                body | {"commitment": commitments[span.subject], "agreed": True},
            )

    def _searches(self) -> Iterator[Entry]:
        events = self._month.events
        found = {(alert.camera, alert.time): alert for alert in events.alerts}
        passages = sorted(
            (time, one.camera, quality)
            for one in events.searches
            for time, quality in zip(one.times.tolist(), one.qualities.tolist(), strict=True)
        )
        for time, camera, quality in passages:
            moment, request, alert = _moment(time), self._size, found.get((camera, time))
            yield moment, EntryKind.REQUEST, self._request(camera, moment, quality)
            yield moment, EntryKind.OUTCOME, self._outcome(request, moment, alert)
            if alert is not None:
                self._requests[alert.request] = request
                yield moment, EntryKind.ALERT, _raised(request, alert)

    def _request(self, camera: str, moment: datetime, quality: float) -> dict[str, Any]:
        size = len(self._month.groups)
        gallery = {"id": "month", "revision": size, "content_hash": _DIGEST, "size": size, "in_scope": size}
        return {
            "search": "identify",
            "actor": f"camera:{camera}",
            "role": "camera",
            "camera": camera,
            "purpose": PURPOSE,
            "case_reference": None,
            "started_at": format_time(moment),
            "gallery": gallery,
            "model_digest": _DIGEST,
            "fusion": dict(DEFAULT_FUSION.weights),
            "operating_point": {"name": "month", "threshold": THRESHOLD},
            "commitment": _DIGEST,
            "quality": quality,
        }

    def _outcome(self, request: int, moment: datetime, alert: LoggedAlert | None) -> dict[str, Any]:
        candidates = []
        if alert is not None:
            score = alert.dissimilarity
            one = {"subject": alert.subject, "reference": "theirs", "rank": 1, "dissimilarity": score}
            candidates.append(one | {"scores": {"sface": score, "dlib": score}})
        body = {"request": request, "started_at": format_time(moment), "ended_at": format_time(moment)}
        return body | {"candidates": candidates, "searched": len(self._month.groups)}

    def _reviews(self) -> Iterator[Entry]:
        """After the month; a confirmation is two people's."""
        events = self._month.events
        after = self._now if events.ended is None else _moment(events.ended)
        for alert in events.alerts:
            if alert.rejected is None:
                continue
            request = self._requests[alert.request]
            body = {"alert": _name(alert), "request": request, "outcome": request + 1, "noted": False}
            body |= {"subject": alert.subject, "verdict": "reject" if alert.rejected else "confirm"}
            for reviewer, status in [("one", "rejected")] if alert.rejected else _CONFIRMATION:
                yield after, EntryKind.REVIEW, body | {"actor": f"user:{reviewer}", "status": status}


_CONFIRMATION = (("one", "awaiting_second"), ("two", "confirmed"))


def _name(alert: LoggedAlert) -> str:
    return f"alert-{alert.request}"


def _raised(request: int, alert: LoggedAlert) -> dict[str, Any]:
    body = {"alert": _name(alert), "request": request, "outcome": request + 1, "subject": alert.subject}
    return body | {"camera": alert.camera, "dissimilarity": alert.dissimilarity}


def _moment(time: int) -> datetime:
    return BEGAN + (time - microseconds(BEGAN)) * _MICROSECOND
