"""The terms of all consents, column by column: what a camera may look for is answered for everybody at once."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers
from matcher.consent.consent import ANY_CAMERA, ENROLMENT
from matcher.consent.consents import Consents

_TERM = np.dtype([("purpose", np.int32), ("cameras", np.int32), ("begin", np.int64), ("end", np.int64)])

_NEVER_BEFORE, _NEVER_AFTER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Permitted:
    """The subjects who may be found from `since` up to but not including `until`, in microseconds since 1970."""

    subjects: Numbers
    since: int
    until: int


class Terms:
    """Subjects are numbers here, which the consent book gives them. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        """Which row of the columns a consent stands in, by its id; none is used twice."""
        self._ids: list[str] = []
        self._subjects = Rows(1, np.int32)
        self._terms = Rows(1, _TERM)
        self._purposes: dict[str, int] = {}
        self._cameras: dict[str, int] = {}
        self._camera_sets: list[frozenset[str]] = []

    def put(self, subjects: Numbers, consents: Consents) -> None:
        """Adds consents, or changes them. subjects: (n,) whose they are."""
        places = np.array([self._place(consent_id) for consent_id in consents.ids], dtype=np.int64)
        terms = np.empty((len(places), 1), dtype=_TERM)
        terms["purpose"][:, 0] = [self._purposes.setdefault(one, len(self._purposes)) for one in consents.purposes]
        terms["cameras"][:, 0] = [self._camera_set(cameras) for cameras in consents.cameras]
        terms["begin"][:, 0], terms["end"][:, 0] = consents.begins, consents.ends
        self._subjects.put(places, subjects[:, None])
        self._terms.put(places, terms)

    def drop(self, subject: int) -> list[str]:
        """Takes out all consents of a subject; gives their ids."""
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

    def begins(self, places: Numbers) -> Numbers:
        """When the consents in these rows begin."""
        begins: Numbers = self._terms.vectors[places, 0]["begin"]
        return begins

    def permitted(self, camera: str, purpose: str, moment: int, places: Numbers | None = None) -> Permitted:
        """Who may be found there, for that, then, as the consents in these rows have it (None: all)."""
        subjects, terms = self._subjects.vectors[: len(self._ids), 0], self._terms.vectors[: len(self._ids), 0]
        if places is not None:
            subjects, terms = subjects[places], terms[places]
        fitting = np.arange(len(terms)) if camera == ENROLMENT else self._fitting(camera, purpose, terms)
        begins, ends = terms["begin"][fitting], terms["end"][fitting]
        edges = np.concatenate([begins, ends])
        return Permitted(
            subjects=subjects[fitting[(begins <= moment) & (moment < ends)]],
            since=int(edges[edges <= moment].max(initial=_NEVER_BEFORE)),
            until=int(edges[edges > moment].min(initial=_NEVER_AFTER)),
        )

    def _fitting(self, camera: str, purpose: str, terms: NDArray[np.void]) -> Numbers:
        """The rows that are for this camera and this purpose."""
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
