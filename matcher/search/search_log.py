"""A search in the log: its request entry before, its outcome or failure entry after, and what they say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from matcher.clock import Clock
from matcher.consent.rule import ENROLMENT
from matcher.consent.scope import Scope
from matcher.errors import ClearglassError
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.log.version import Body
from matcher.people.gallery import Gallery
from matcher.probe.probe import Origin, Probe, Query
from matcher.recognition.operating_point import OperatingPoint
from matcher.search.candidate import Candidate
from matcher.search.evidence import Evidence
from matcher.timestamp import format_time


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """A search under way. scope: what it may look at."""

    request_index: int
    started_at: datetime
    query: Query
    evidence: Evidence
    scope: Scope


class SearchLog:
    """Writes the entries of searches, inside the log's transactions. Safe to use from several threads."""

    def __init__(self, gallery: Gallery, log: AuditLog, clock: Clock) -> None:
        self._gallery = gallery
        self._log = log
        self._clock = clock

    def begin(
        self,
        connection: Connection,
        kind: str,
        probe: Probe,
        query: Query,
        operating_point: OperatingPoint,
        *,
        against: Mapping[str, str] | None = None,
    ) -> Search:
        """Appends the request entry: nothing is searched before its transaction has ended."""
        started_at = self._clock()
        scope = self._gallery.scope(query, started_at)
        evidence = Evidence.of(probe)
        body = request_body(
            kind,
            query,
            started_at=started_at,
            scope=scope,
            operating_point=operating_point,
            commitment=evidence.commitment,
            quality=probe.quality.score,
            against=against,
            origin=probe.origin,
        )
        entry = self._log.append(connection, EntryKind.REQUEST, body)
        return Search(request_index=entry.index, started_at=started_at, query=query, evidence=evidence, scope=scope)

    def end(
        self,
        connection: Connection,
        search: Search,
        candidates: Sequence[Candidate],
        ended_at: datetime,
        result: Mapping[str, Any],
    ) -> int:
        """Appends the outcome entry, and keeps the evidence if somebody was found; the entry's index.

        Not that of the check at an enrolment: its probe becomes a reference under its own person's key, or is not kept.
        Raises SealError before anything is written: other searches may share the transaction.
        """
        body = outcome_body(
            search.request_index, started_at=search.started_at, ended_at=ended_at, candidates=candidates
        )
        kept = bool(candidates) and search.query.camera != ENROLMENT
        key = self._gallery.subject_key(connection, candidates[0].subject_id) if kept else None
        entry = self._log.append(connection, EntryKind.OUTCOME, {**body, **result})
        if key is not None:
            search.evidence.keep(connection, search.request_index, candidates[0].subject_id, key)
        return entry.index

    def fail(self, connection: Connection, search: Search, error: BaseException) -> None:
        """Appends a failure entry in the outcome's place."""
        self._log.append(connection, EntryKind.FAILURE, _failure(search, error))

    @contextmanager
    def failing(self, searches: Iterable[Search]) -> Iterator[None]:
        """Gives each of the searches a failure entry if the block ends in an error and the log still can be written.

        If it cannot, the next start does (`matcher.recovery`).
        """
        try:
            yield
        except BaseException as error:
            for search in searches:
                with suppress(ClearglassError):
                    self._log.record(EntryKind.FAILURE, _failure(search, error))
            raise


def request_body(
    kind: str,
    query: Query,
    *,
    started_at: datetime,
    scope: Scope,
    operating_point: OperatingPoint,
    commitment: str,
    quality: float,
    against: Mapping[str, str] | None,
    origin: Origin | None = None,
) -> dict[str, Any]:
    """Of a request entry. kind: identify or verify. quality: of the probe, 0 to 1. against: whom or what a
    verification compares with. origin: of the probe, if it is one of a photograph's faces."""
    body: dict[str, Any] = {
        "search": kind,
        "actor": query.actor,
        "role": query.role,
        "camera": query.camera,
        "purpose": query.purpose,
        "case_reference": query.case_reference,
        "started_at": format_time(started_at),
        "time_zone": scope.time_zone,
        "gallery": {
            "id": scope.gallery_id,
            "revision": scope.revision,
            "content_hash": scope.content_hash,
            "size": scope.size,
            "in_scope": len(scope.selection),
        },
        "model_digest": operating_point.model_digest,
        "fusion": dict(operating_point.weights),
        "operating_point": {"name": operating_point.name, "threshold": operating_point.threshold},
        "commitment": commitment,
        "quality": round(quality, 2),
    }
    if against is not None:
        body["against"] = dict(against)
    if origin is not None:
        body["origin"] = asdict(origin)
    return body


def outcome_body(
    request_index: int, *, started_at: datetime, ended_at: datetime, candidates: Sequence[Candidate]
) -> dict[str, Any]:
    """Of an outcome entry."""
    return {
        "request": request_index,
        "started_at": format_time(started_at),
        "ended_at": format_time(ended_at),
        "candidates": [
            {
                "subject": candidate.subject_id,
                "reference": candidate.reference_id,
                "rank": candidate.rank,
                "dissimilarity": candidate.dissimilarity,
                "scores": dict(candidate.scores),
            }
            for candidate in candidates
        ],
    }


def _failure(search: Search, error: BaseException) -> Body:
    code = error.code if isinstance(error, ClearglassError) else ClearglassError.code
    return {"request": search.request_index, "code": code}
