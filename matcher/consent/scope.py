"""The scope of a search: the part of the gallery that may be found at a camera, for a purpose, at a moment."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.consent.consents import Consents, microseconds
from matcher.consent.content_hash import ContentHash
from matcher.consent.terms import Terms

_MAX_KEPT = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """The references that one search may compare with, and the hash of that state of the gallery for the log.
    time_zone: in which the hours of consents were read. selection: the numbers of the references whose consent covers
    the search. size: all searchable references. content_hash: hex SHA-256 over every reference (as sealed, so that it
    reveals nothing about the person) and every consent.
    """

    gallery_id: str
    revision: int
    content_hash: str
    size: int
    time_zone: str
    selection: Selection


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The key of a cached selection; it contains the time zone, so a camera with a new time zone has a new key."""

    camera: str
    purpose: str
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """A selection that holds from `since` (included) to `until` (not included), in microseconds since 1970."""

    since: int
    until: int
    selection: Selection


class ConsentBook:
    """The present references and consents, in memory. Its owner, the gallery, applies every change to it. A selection
    is cached until the next moment at which some consent or its hours begin or end; then it is computed again. A change
    of the gallery updates the cached selections too.
    """

    def __init__(self, gallery_id: str, revision: int, *, capacity: int = 1) -> None:
        """capacity: how many reference numbers, from 0, fit before it grows."""
        self._lock = threading.Lock()
        self._gallery_id = gallery_id
        self._revision = revision
        self._subjects: dict[str, int] = {}
        self._subjects_ever = 0
        self._owners = Rows(1, np.int32, capacity=capacity)
        self._size = 0
        self._terms = Terms()
        self._kept: OrderedDict[_Asked, _Kept] = OrderedDict()
        self._references_hash, self._consents_hash = ContentHash(), ContentHash()
        self._content_hash: str | None = None

    @property
    def revision(self) -> int:
        """The gallery's revision."""
        return self._revision

    @property
    def size(self) -> int:
        """The number of searchable references."""
        return self._size

    def update(
        self,
        revision: int,
        *,
        consents: Consents | None = None,
        references: Mapping[int, tuple[str, bytes]] | None = None,
        gone: str | None = None,
        moment: datetime | None = None,
    ) -> None:
        """Applies a change as a whole. references: subject id and digest by number. gone: a subject who withdrew.
        moment: the time of the change; None while the gallery is loaded, when no selection is cached.
        """
        with self._lock:
            self._revision = revision
            affected: set[int] = set()
            if consents is not None:
                affected |= self._take_consents(consents)
            if references:
                affected |= self._take_references(references)
            if gone is not None:
                self._drop(gone)
            if moment is not None:
                for subject in affected:
                    self._follow(subject, moment)
            elif affected:
                self._kept.clear()
            self._size, self._content_hash = len(self._owners), None

    def scope(self, *, camera: str, purpose: str, moment: datetime, zone: ZoneInfo) -> Scope:
        """The scope of a search. zone: the camera's time zone."""
        key, now = _Asked(camera=camera, purpose=purpose, zone=zone), microseconds(moment)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or not kept.since <= now < kept.until:
                kept = self._kept[key] = self._made(key, moment)
            self._kept.move_to_end(key)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
            if self._content_hash is None:
                self._content_hash = self._hash()
            return Scope(
                gallery_id=self._gallery_id,
                revision=self._revision,
                content_hash=self._content_hash,
                size=self._size,
                time_zone=zone.key,
                selection=kept.selection,
            )

    def references_of(self, subject_ids: Iterable[str]) -> Selection:
        """All references that these subjects have now; consents do not count. Unknown ids are ignored."""
        with self._lock:
            known = (self._subjects.get(subject_id) for subject_id in subject_ids)
            return self._owned(np.fromiter((one for one in known if one is not None), dtype=np.int64))

    def _take_consents(self, consents: Consents) -> set[int]:
        subjects = [self._subject(subject_id) for subject_id in consents.subjects]
        self._terms.put(np.array(subjects, dtype=np.int64), consents)
        self._consents_hash.put(consents.ids, consents.digests)
        return set(subjects)

    def _take_references(self, references: Mapping[int, tuple[str, bytes]]) -> set[int]:
        subjects = [self._subject(subject_id) for subject_id, _ in references.values()]
        numbers = np.array(list(references), dtype=np.int64)
        self._owners.put(numbers, np.array(subjects, dtype=np.int32)[:, None])
        self._references_hash.put(references, [digest for _, digest in references.values()])
        return set(subjects)

    def _subject(self, subject_id: str) -> int:
        """A number for each subject in the book; the number of a subject who was removed is not used again."""
        subject = self._subjects.get(subject_id)
        if subject is None:
            subject = self._subjects[subject_id] = self._subjects_ever
            self._subjects_ever += 1
        return subject

    def _drop(self, subject_id: str) -> None:
        subject = self._subjects.pop(subject_id, None)
        if subject is None:
            return
        self._consents_hash.drop(self._terms.drop(subject))
        numbers = self._numbers(subject)
        self._owners.drop(numbers)
        self._references_hash.drop(numbers.tolist())
        for key, kept in self._kept.items():
            self._kept[key] = replace(kept, selection=kept.selection.changed(numbers.tolist(), included=False))

    def _numbers(self, subject: int) -> Numbers:
        found: Numbers = np.flatnonzero((self._owners.vectors[:, 0] == subject) & self._owners.held)
        return found

    def _made(self, asked: _Asked, moment: datetime) -> _Kept:
        permitted = self._terms.permitted(asked.camera, asked.purpose, moment, asked.zone)
        return _Kept(since=permitted.since, until=permitted.until, selection=self._owned(permitted.subjects))

    def _owned(self, subjects: Numbers) -> Selection:
        included = np.zeros(max(1, self._subjects_ever), dtype=np.bool_)
        included[subjects] = True
        return Selection.where(included[self._owners.vectors[:, 0]] & self._owners.held)

    def _follow(self, subject: int, moment: datetime) -> None:
        """Updates one subject's references in every cached selection to the moment of a change. A selection then holds
        while both this subject's answer and that of all others stay the same; if these intervals do not overlap, it is
        computed again at the next call.
        """
        places, numbers = self._terms.of(subject), self._numbers(subject).tolist()
        for asked, kept in self._kept.items():
            permitted = self._terms.permitted(asked.camera, asked.purpose, moment, asked.zone, places)
            self._kept[asked] = _Kept(
                since=max(kept.since, permitted.since),
                until=min(kept.until, permitted.until),
                selection=kept.selection.changed(numbers, included=len(permitted.subjects) > 0),
            )

    def _hash(self) -> str:
        parts = [self._gallery_id.encode(), self._references_hash.digest(), self._consents_hash.digest()]
        return sha256(b"".join(parts)).hexdigest()


def reference_digest(reference_id: str, subject_id: str, model_digest: str, sealed_template: bytes) -> bytes:
    """SHA-256 of a reference for the content hash. It is over the sealed form, whose nonce makes it unguessable."""
    head = f"reference\n{reference_id}\n{subject_id}\n{model_digest}\n".encode()
    return sha256(head + sealed_template).digest()
