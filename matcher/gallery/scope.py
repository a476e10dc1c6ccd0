"""Who may be found: the part of the gallery that a camera, a purpose and a moment open up."""

import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from matcher.gallery.consent import Consent
from matcher.gallery.index import Numbers
from matcher.store.tables import format_time

_MAX_CACHED = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """What one search may look at, and what names that state of the gallery in the log.

    numbers: sorted references whose consent covers the search. size: all searchable references. content_hash: hex
    SHA-256 over every reference (as sealed: it tells nothing of the person) and every consent.
    """

    gallery_id: str
    revision: int
    content_hash: str
    size: int
    numbers: Numbers

    def __contains__(self, number: int) -> bool:
        """Whether the search may look at the reference with this number."""
        at = int(np.searchsorted(self.numbers, number))
        return at < len(self.numbers) and int(self.numbers[at]) == number


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cached:
    since: datetime
    until: datetime
    numbers: Numbers


class ConsentBook:
    """References and consents as they stand, in memory, for quick answers. Kept in step by the gallery, its owner."""

    def __init__(self, gallery_id: str, revision: int) -> None:
        self._lock = threading.Lock()
        self._gallery_id = gallery_id
        self._revision = revision
        self._digests: dict[int, bytes] = {}
        self._numbers: dict[str, list[int]] = {}
        self._consents: dict[str, dict[str, Consent]] = {}
        self._cache: OrderedDict[tuple[str, str], _Cached] = OrderedDict()
        self._boundaries: list[datetime] | None = None
        self._content_hash: str | None = None

    @property
    def revision(self) -> int:
        """The gallery's revision."""
        return self._revision

    @property
    def size(self) -> int:
        """How many references are searchable."""
        return len(self._digests)

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
            for consent in consents:
                self._consents.setdefault(consent.subject_id, {})[consent.id] = consent
            for number, (subject_id, digest) in (references or {}).items():
                self._digests[number] = digest
                self._numbers.setdefault(subject_id, []).append(number)
            if gone is not None:
                self._consents.pop(gone, None)
                for number in self._numbers.pop(gone, []):
                    del self._digests[number]
            self._cache.clear()
            self._boundaries = self._content_hash = None

    def scope(self, *, camera: str, purpose: str, moment: datetime) -> Scope:
        """What a search may look at. Its numbers are computed again only after a change or a consent's begin or end."""
        with self._lock:
            cached = self._cache.get((camera, purpose))
            if cached is None or not cached.since <= moment < cached.until:
                cached = self._compute(camera, purpose, moment)
                self._cache[camera, purpose] = cached
            self._cache.move_to_end((camera, purpose))
            if len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
            if self._content_hash is None:
                self._content_hash = self._hash()
            return Scope(
                gallery_id=self._gallery_id,
                revision=self._revision,
                content_hash=self._content_hash,
                size=len(self._digests),
                numbers=cached.numbers,
            )

    def _compute(self, camera: str, purpose: str, moment: datetime) -> _Cached:
        if self._boundaries is None:
            consents = [consent for book in self._consents.values() for consent in book.values()]
            moments = {edge for consent in consents for edge in (consent.valid_from, consent.valid_until)}
            self._boundaries = sorted(moments)
        found = [
            number
            for subject_id, numbers in self._numbers.items()
            if permits(self._consents.get(subject_id, {}).values(), camera=camera, purpose=purpose, moment=moment)
            for number in numbers
        ]
        at = bisect.bisect_right(self._boundaries, moment)
        numbers = np.array(sorted(found), dtype=np.int64)
        numbers.setflags(write=False)
        return _Cached(
            since=self._boundaries[at - 1] if at else datetime.min.replace(tzinfo=UTC),
            until=self._boundaries[at] if at < len(self._boundaries) else datetime.max.replace(tzinfo=UTC),
            numbers=numbers,
        )

    def _hash(self) -> str:
        digest = sha256(self._gallery_id.encode())
        for number in sorted(self._digests):
            digest.update(self._digests[number])
        consents = [consent for book in self._consents.values() for consent in book.values()]
        for consent in sorted(consents, key=lambda consent: consent.id):
            digest.update(_consent_digest(consent))
        return digest.hexdigest()


def permits(consents: Iterable[Consent], *, camera: str, purpose: str, moment: datetime) -> bool:
    """Whether one of a subject's consents covers a search now. A withdrawn one never does, whatever the clock says."""
    return any(
        consent.withdrawn_at is None and consent.covers(camera=camera, purpose=purpose, moment=moment)
        for consent in consents
    )


def reference_digest(reference_id: str, subject_id: str, model_digest: str, sealed_template: bytes) -> bytes:
    """SHA-256 that names a reference in the content hash. Over the sealed form, whose nonce makes it unguessable."""
    head = "\n".join(["reference", reference_id, subject_id, model_digest, ""]).encode()
    return sha256(head + sealed_template).digest()


def _consent_digest(consent: Consent) -> bytes:
    withdrawn = None if consent.withdrawn_at is None else format_time(consent.withdrawn_at)
    parts: list[object] = ["consent", consent.id, consent.subject_id, consent.purpose, sorted(consent.cameras)]
    parts += [format_time(consent.valid_from), format_time(consent.valid_until), consent.evidence_digest, withdrawn]
    return sha256(json.dumps(parts).encode()).digest()
