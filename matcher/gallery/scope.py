"""Who may be found: the part of the gallery that a camera, a purpose and a moment open up."""

import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from matcher.gallery.consent import Consent
from matcher.gallery.content_hash import ContentHash
from matcher.gallery.selection import Selection
from matcher.store.tables import format_time

_MAX_KEPT = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """What one search may look at, and what names that state of the gallery in the log.

    selection: the numbers of the references whose consent covers the search. size: all searchable references.
    content_hash: hex SHA-256 over every reference (as sealed: it tells nothing of the person) and every consent.
    """

    gallery_id: str
    revision: int
    content_hash: str
    size: int
    selection: Selection


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """A selection as it was at that moment."""

    moment: datetime
    selection: Selection


class ConsentBook:
    """References and consents as they stand, in memory, for quick answers. Kept in step by the gallery, its owner.

    What was answered for a camera and a purpose is kept, and changed only for the subjects that a change, or the begin
    or end of a consent since then, is about: a large gallery makes neither slow.
    """

    def __init__(self, gallery_id: str, revision: int) -> None:
        self._lock = threading.Lock()
        self._gallery_id = gallery_id
        self._revision = revision
        self._size = 0
        self._numbers: dict[str, list[int]] = {}
        self._consents: dict[str, dict[str, Consent]] = {}
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._edges: list[tuple[datetime, str]] = []
        """When consents begin and end, and whose; in order from the first answer on. Those of the gone do no harm."""
        self._references_hash, self._consents_hash = ContentHash(), ContentHash()
        self._content_hash: str | None = None

    @property
    def revision(self) -> int:
        """The gallery's revision."""
        return self._revision

    @property
    def size(self) -> int:
        """How many references are searchable."""
        return self._size

    def update(
        self,
        revision: int,
        *,
        consents: Iterable[Consent] = (),
        references: Mapping[int, tuple[str, bytes]] | None = None,
        gone: str | None = None,
    ) -> None:
        """A change, all of it at once. references: subject id and digest by number. gone: a subject who withdrew."""
        with self._lock:
            self._revision = revision
            affected: set[str] = set()
            for consent in consents:
                self._take(consent)
                affected.add(consent.subject_id)
            for number, (subject_id, digest) in (references or {}).items():
                self._references_hash.put(number, digest)
                self._numbers.setdefault(subject_id, []).append(number)
                self._size += 1
                affected.add(subject_id)
            if gone is not None:
                self._drop(gone)
            for key, kept in self._kept.items():
                self._kept[key] = self._anew(key, kept, affected, kept.moment)
            self._content_hash = None

    def scope(self, *, camera: str, purpose: str, moment: datetime) -> Scope:
        """What a search may look at."""
        key = (camera, purpose)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                self._edges.sort()
                kept = self._anew(key, _Kept(moment=moment, selection=Selection.of(())), self._numbers, moment)
            else:
                kept = self._anew(key, kept, self._turned(kept.moment, moment), moment)
            self._kept[key] = kept
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
                selection=kept.selection,
            )

    def _take(self, consent: Consent) -> None:
        held = self._consents.setdefault(consent.subject_id, {})
        if consent.id not in held:
            edges = ((consent.valid_from, consent.subject_id), (consent.valid_until, consent.subject_id))
            if self._kept:
                for edge in edges:
                    bisect.insort(self._edges, edge)
            else:  # as at start: the first answer brings them into order, all at once
                self._edges += edges
        held[consent.id] = consent
        self._consents_hash.put(consent.id, _consent_digest(consent))

    def _drop(self, subject_id: str) -> None:
        for consent_id in self._consents.pop(subject_id, {}):
            self._consents_hash.drop(consent_id)
        numbers = self._numbers.pop(subject_id, [])
        self._size -= len(numbers)
        for number in numbers:
            self._references_hash.drop(number)
        for key, kept in self._kept.items():
            self._kept[key] = replace(kept, selection=kept.selection.changed(numbers, included=False))

    def _turned(self, before: datetime, now: datetime) -> set[str]:
        """The subjects of whom a consent begins or ends between the two moments, whichever is the later."""
        low, high = sorted((before, now))
        begin, end = (bisect.bisect_right(self._edges, moment, key=lambda edge: edge[0]) for moment in (low, high))
        return {subject_id for _, subject_id in self._edges[begin:end]}

    def _anew(self, key: tuple[str, str], kept: _Kept, subjects: Iterable[str], moment: datetime) -> _Kept:
        """What is kept, looked at again for these subjects, as of that moment."""
        camera, purpose = key
        numbers: dict[bool, list[int]] = {True: [], False: []}
        for subject_id in subjects:
            consents = self._consents.get(subject_id, {}).values()
            permitted = permits(consents, camera=camera, purpose=purpose, moment=moment)
            numbers[permitted] += self._numbers.get(subject_id, ())
        selection = kept.selection.changed(numbers[True], included=True).changed(numbers[False], included=False)
        return _Kept(moment=moment, selection=selection)

    def _hash(self) -> str:
        parts = [self._gallery_id.encode(), self._references_hash.digest(), self._consents_hash.digest()]
        return sha256(b"".join(parts)).hexdigest()


def permits(consents: Iterable[Consent], *, camera: str, purpose: str, moment: datetime) -> bool:
    """Whether one of a subject's consents covers a search now. A withdrawn one never does, whatever the clock says."""
    for consent in consents:
        if consent.withdrawn_at is None and consent.covers(camera=camera, purpose=purpose, moment=moment):
            return True
    return False


def reference_digest(reference_id: str, subject_id: str, model_digest: str, sealed_template: bytes) -> bytes:
    """SHA-256 that names a reference in the content hash. Over the sealed form, whose nonce makes it unguessable."""
    head = "\n".join(["reference", reference_id, subject_id, model_digest, ""]).encode()
    return sha256(head + sealed_template).digest()


def _consent_digest(consent: Consent) -> bytes:
    withdrawn = None if consent.withdrawn_at is None else format_time(consent.withdrawn_at)
    parts: list[object] = ["consent", consent.id, consent.subject_id, consent.purpose, sorted(consent.cameras)]
    parts += [format_time(consent.valid_from), format_time(consent.valid_until), consent.evidence_digest, withdrawn]
    return sha256(json.dumps(parts).encode()).digest()
