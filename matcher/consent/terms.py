"""The terms of all consents in columns: they give all subjects that a search may find in one computation."""

import json
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers
from matcher.consent.consents import Consents, microseconds
from matcher.consent.hours import hours_of
from matcher.consent.rule import ANY_CAMERA, ENROLMENT, Week, offset_around

_TERM = np.dtype(
    [("purpose", np.int32), ("cameras", np.int32), ("times", np.int32), ("begin", np.int64), ("end", np.int64)]
)

_NEVER_BEFORE, _NEVER_AFTER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Permitted:
    """The subjects who may be found from `since` (included) to `until` (not included), in microseconds since 1970."""

    subjects: Numbers
    since: int
    until: int


class Terms:
    """Subjects are numbers here, which the consent book assigns. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        """The row of each consent, by its id; no row is used twice."""
        self._ids: list[str] = []
        self._subjects = Rows(1, np.int32)
        self._terms = Rows(1, _TERM)
        self._purposes: dict[str, int] = {}
        self._cameras: dict[str, int] = {}
        self._camera_sets: list[frozenset[str]] = []
        self._times: dict[str | None, int] = {None: 0}
        self._weeks: list[Week | None] = [None]
        """The hours that consents name, each once, by their numbers; 0 stands for always."""

    def put(self, subjects: Numbers, consents: Consents) -> None:
        """Adds consents, or changes them. subjects: (n,) the subject of each."""
        places = np.array([self._place(consent_id) for consent_id in consents.ids], dtype=np.int64)
        terms = np.empty((len(places), 1), dtype=_TERM)
        terms["purpose"][:, 0] = [self._purposes.setdefault(one, len(self._purposes)) for one in consents.purposes]
        terms["cameras"][:, 0] = [self._camera_set(cameras) for cameras in consents.cameras]
        terms["times"][:, 0] = [self._hours(times) for times in consents.times]
        terms["begin"][:, 0], terms["end"][:, 0] = consents.begins, consents.ends
        self._subjects.put(places, subjects[:, None])
        self._terms.put(places, terms)

    def drop(self, subject: int) -> list[str]:
        """Removes all consents of a subject; returns their ids."""
        places = self.of(subject)
        ids = [self._ids[place] for place in places]
        for consent_id in ids:
            del self._places[consent_id]
        self._subjects.drop(places)
        self._terms.drop(places)
        return ids

    def of(self, subject: int) -> Numbers:
        """The rows of a subject's consents."""
        found: Numbers = np.flatnonzero((self._subjects.vectors[:, 0] == subject) & self._subjects.held)
        return found

    def permitted(
        self, camera: str, purpose: str, moment: datetime, zone: ZoneInfo, places: Numbers | None = None
    ) -> Permitted:
        """The subjects who may be found at the camera, for the purpose, at the moment, by the consents in these rows
        (None: all rows)."""
        subjects, terms = self._subjects.vectors[: len(self._ids), 0], self._terms.vectors[: len(self._ids), 0]
        if places is not None:
            subjects, terms = subjects[places], terms[places]
        fitting = np.arange(len(terms)) if camera == ENROLMENT else self._fitting(camera, purpose, terms)
        begins, ends, now = terms["begin"][fitting], terms["end"][fitting], microseconds(moment)
        edges = np.concatenate([begins, ends])
        since = int(edges[edges <= now].max(initial=_NEVER_BEFORE))
        until = int(edges[edges > now].min(initial=_NEVER_AFTER))
        active = fitting[(begins <= now) & (now < ends)]
        if camera != ENROLMENT and len(self._weeks) > 1:
            limits = terms["times"][active]
            covered, weekly_since, weekly_until = self._weekly(np.bincount(limits), moment, zone)
            active = active[covered[limits]]
            since, until = max(since, weekly_since), min(until, weekly_until)
        return Permitted(subjects=subjects[active], since=since, until=until)

    def _weekly(self, counts: NDArray[np.intp], moment: datetime, zone: ZoneInfo) -> tuple[NDArray[np.bool_], int, int]:
        """For each number of hours, whether they cover the moment; and the interval in which all these answers stay the
        same. counts: how many consents name the hours with each number; hours that no consent names are skipped.
        """
        covered, steady = np.ones(len(counts), dtype=np.bool_), offset_around(moment, zone)
        since, until = _NEVER_BEFORE, _NEVER_AFTER
        for number in np.flatnonzero(counts):
            week = self._weeks[number]
            if week is not None:
                answer = week.steady(moment, steady)
                covered[number] = answer.covered
                since, until = max(since, microseconds(answer.since)), min(until, microseconds(answer.until))
        return covered, since, until

    def _fitting(self, camera: str, purpose: str, terms: NDArray[np.void]) -> Numbers:
        """The rows of consents for this camera and this purpose."""
        included = np.array([camera in one or ANY_CAMERA in one for one in self._camera_sets], dtype=np.bool_)
        fitting: Numbers = np.flatnonzero(
            included[terms["cameras"]] & (terms["purpose"] == self._purposes.get(purpose, -1))
        )
        return fitting

    def _place(self, consent_id: str) -> int:
        place = self._places.get(consent_id)
        if place is None:
            place = self._places[consent_id] = len(self._ids)
            self._ids.append(consent_id)
        return place

    def _camera_set(self, cameras: str) -> int:
        known = self._cameras.get(cameras)
        if known is None:
            known = self._cameras[cameras] = len(self._camera_sets)
            self._camera_sets.append(frozenset(json.loads(cameras)))
        return known

    def _hours(self, times: str | None) -> int:
        known = self._times.get(times)
        if known is None:
            known = self._times[times] = len(self._weeks)
            self._weeks.append(Week.of(hours_of(json.loads(times or "[]"))))
        return known
