"""The only door to the index: identify (1:N) and verify (1:1).

The order, always: durable request entry → search → re-score → durable outcome entry → answer. If the first cannot be
written there is no search; if the second cannot, nothing is returned.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import Connection

from matcher.audit.entry import EntryKind
from matcher.audit.log import AuditLog
from matcher.candidate import Candidate, CandidateList, Verification
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.evidence import Evidence
from matcher.gallery.consent import is_plain
from matcher.gallery.errors import ConsentRequiredError
from matcher.gallery.gallery import Gallery
from matcher.gallery.index import Searcher
from matcher.gallery.reference import KnownReference, Reference
from matcher.gallery.scope import Scope, permits
from matcher.gallery.templates import Templates
from matcher.metrics import MatcherMetrics
from matcher.probe import Probe, Query
from matcher.recognition.fusion import Dissimilarity, compare, compare_all, compare_vectors
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.template import ModelMismatchError
from matcher.search_entry import outcome_body, request_body

SHORTLIST = 50
"""How many references SFace brings forward to be scored again by both embedders."""

WIDEST_SHORTLIST = 3_200
"""How many at most, where the references of few subjects fill the shortlist."""


class QueryError(ClearglassError):
    """The query does not say properly who asks, where, or why."""

    code: ClassVar[str] = "query_invalid"


@dataclass(frozen=True, kw_only=True)
class _Search:
    """A search under way: its request entry is durable."""

    request_index: int
    started_at: datetime
    query: Query
    evidence: Evidence


class Identifier:
    """Searches the gallery, and logs it. Safe to use from several threads."""

    def __init__(
        self,
        searcher: Searcher,
        gallery: Gallery,
        log: AuditLog,
        operating_point: OperatingPoint,
        clock: Clock,
        *,
        candidates: int = 5,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """candidates: most subjects in an answer."""
        self._searcher = searcher
        self._gallery = gallery
        self._log = log
        self._clock = clock
        self._most = candidates
        self._metrics = metrics
        self.operating_point = operating_point

    def identify(self, probe: Probe, query: Query) -> CandidateList:
        """Who in the gallery this may be, among those whose consent covers the query now; often nobody.

        Raises QueryError, which is not logged; ModelMismatchError, which is; LogUnavailableError and ClockError; and
        StoreError or SealError if the gallery cannot be read: then there is no answer, and a failure entry says so if
        it still can be written.
        """
        try:
            answer = self._identify(probe, query)
        except (QueryError, ModelMismatchError):
            self._count("refused")
            raise
        except BaseException:
            self._count("failed")
            raise
        self._count("candidates" if answer.candidates else "none")
        return answer

    def verify(self, probe: Probe, against: str | Probe, query: Query) -> Verification:
        """Whether the probe is of the subject with this id, or of the same person as another probe.

        Raises as `identify` does, ModelMismatchError also if all references of the subject are of another model;
        ConsentRequiredError if no consent of the subject covers the query. Both end a logged request, and nothing was
        compared. SubjectUnknownError comes before the request and is not logged.
        """
        self._require(probe, query)
        if isinstance(against, Probe):
            self._require(against, query)
            return self._verify_probes(probe, against, query)
        return self._verify_subject(probe, against, query)

    # --- 1:N -------------------------------------------------------------------------------------------------------

    def _identify(self, probe: Probe, query: Query) -> CandidateList:
        self._require(probe, query)
        search, scope = self._begin("identify", probe, query)
        with self._failure_logged(search.request_index):
            found = self._search(probe, scope) if len(scope.selection) else []

            def end(connection: Connection) -> tuple[datetime, tuple[Candidate, ...], int]:
                moment = self._log.moment(connection)
                ranked = self._ranked(connection, found, query, moment)
                result = {"searched": len(scope.selection)}
                return moment, ranked, self._end(connection, search, ranked, moment, result)

            ended_at, candidates, outcome = self._log.together(end)
        return CandidateList(
            candidates=candidates,
            operating_point=self.operating_point,
            request_index=search.request_index,
            outcome_index=outcome,
            started_at=search.started_at,
            ended_at=ended_at,
            searched=len(scope.selection),
            gallery_size=scope.size,
            gallery_revision=scope.revision,
        )

    def _search(self, probe: Probe, scope: Scope) -> list[tuple[int, Dissimilarity]]:
        """The numbers of the references at or below the threshold, nearest first."""
        began = time.perf_counter()
        shortlist = self._shortlist(probe, scope)
        scores = compare_vectors(probe.template, shortlist.sface, shortlist.dlib)
        places = np.flatnonzero(scores.fused <= self.operating_point.threshold)
        ordered = places[np.lexsort((shortlist.numbers[places], scores.fused[places]))]
        matches = [(int(shortlist.numbers[place]), scores.at(place)) for place in ordered]
        if self._metrics is not None:
            self._metrics.search_seconds.observe(time.perf_counter() - began)
        return matches

    def _shortlist(self, probe: Probe, scope: Scope) -> Templates:
        """The nearest references by SFace: so many that one subject's many do not keep all others out."""
        vectors = np.asarray(probe.template.sface, dtype=np.float32)[None, :]
        width = SHORTLIST
        while True:
            neighbours = self._searcher.search(vectors, width, allowed=scope.selection)
            templates = self._gallery.templates(neighbours.numbers[0])
            several = len(np.unique(templates.subjects)) >= self._most
            if several or width >= min(len(scope.selection), WIDEST_SHORTLIST):
                return templates
            width *= 4

    def _ranked(
        self, connection: Connection, found: Sequence[tuple[int, Dissimilarity]], query: Query, moment: datetime
    ) -> tuple[Candidate, ...]:
        """The best reference of each subject who, at the outcome's own transaction, still may be found."""
        if not found:
            return ()
        known = self._gallery.known(connection, [number for number, _ in found])
        best: dict[str, tuple[KnownReference, Dissimilarity]] = {}
        for number, score in found:
            if number in known:
                best.setdefault(known[number].subject_id, (known[number], score))
        permitted = self._gallery.permitted(connection, best, camera=query.camera, purpose=query.purpose, moment=moment)
        kept = [pair for subject_id, pair in best.items() if subject_id in permitted][: self._most]
        return tuple(_candidate(rank, reference, score) for rank, (reference, score) in enumerate(kept, start=1))

    # --- 1:1 -------------------------------------------------------------------------------------------------------

    def _verify_subject(self, probe: Probe, subject_id: str, query: Query) -> Verification:
        self._gallery.subject(subject_id)  # raises before anything is logged about an id that means nobody
        search, scope = self._begin("verify", probe, query, against={"subject": subject_id})
        with self._failure_logged(search.request_index):
            current = self._comparable(subject_id, search, scope)
            scores = compare_all(probe.template, [one.template for one in current])
            with self._log.writing() as connection:
                ended_at = self._log.moment(connection)
                allowed = self._gallery.permitted(
                    connection, [subject_id], camera=query.camera, purpose=query.purpose, moment=ended_at
                )
                if not allowed:
                    raise _no_consent()
                best = min(range(len(scores)), key=lambda at: scores[at].fused)
                reference, score = current[best], scores[best]
                mated = score.fused <= self.operating_point.threshold
                candidates = (_candidate(1, reference, score),) if mated else ()
                result = {"searched": len(scores), "mated": mated, **_scores(score)}
                outcome = self._end(connection, search, candidates, ended_at, result)
        return self._verification(search, outcome, score, mated=mated)

    def _comparable(self, subject_id: str, search: _Search, scope: Scope) -> list[Reference]:
        """The subject's references in the search's scope. The consent first: without it no template is even opened.

        Raises ConsentRequiredError, ModelMismatchError.
        """
        query = search.query
        consents = self._gallery.consents(subject_id)
        if not permits(consents, camera=query.camera, purpose=query.purpose, moment=search.started_at):
            raise _no_consent()
        references = self._gallery.references(subject_id)
        current = [reference for reference in references if reference.number in scope.selection]
        if current:
            return current
        if references and all(one.template.model_digest != self.operating_point.model_digest for one in references):
            raise ModelMismatchError(
                "All references of the subject were made by another model than the one in use.",
                remedy="Add pictures of the person again; they are extracted with the present model.",
            )
        # Enrolled or permitted since the search began: the request entry says that this was not in its scope.
        raise _no_consent()

    def _verify_probes(self, probe: Probe, other: Probe, query: Query) -> Verification:
        against = {"commitment": Evidence.of(other).commitment}
        search, _ = self._begin("verify", probe, query, against=against)
        with self._failure_logged(search.request_index):
            score = compare(probe.template, other.template)
            mated = score.fused <= self.operating_point.threshold
            with self._log.writing() as connection:
                ended_at = self._log.moment(connection)
                result = {"searched": 1, "mated": mated, **_scores(score)}
                outcome = self._end(connection, search, (), ended_at, result)
        return self._verification(search, outcome, score, mated=mated)

    def _verification(self, search: _Search, outcome: int, score: Dissimilarity, *, mated: bool) -> Verification:
        return Verification(
            mated=mated,
            dissimilarity=score.fused,
            sface=score.sface,
            dlib=score.dlib,
            operating_point=self.operating_point,
            request_index=search.request_index,
            outcome_index=outcome,
        )

    # --- both ------------------------------------------------------------------------------------------------------

    def _require(self, probe: Probe, query: Query) -> None:
        """Raises QueryError, or ModelMismatchError, which it logs."""
        texts = [query.actor, query.role, query.camera, query.purpose]
        if query.case_reference is not None:
            texts.append(query.case_reference)
        if not all(is_plain(text) for text in texts):
            raise QueryError(
                "Actor, role, camera, purpose or case reference is empty, too long, or holds control characters.",
                remedy="Say who asks, where and why, in at most 200 characters each.",
            )
        if probe.template.model_digest != self.operating_point.model_digest:
            self._log.record(
                EntryKind.FAILURE, {"code": ModelMismatchError.code, "actor": query.actor, "purpose": query.purpose}
            )
            raise ModelMismatchError(
                "The probe was made by another model than the one in use.",
                remedy="Extract it again with the present model.",
            )

    def _begin(
        self, kind: str, probe: Probe, query: Query, *, against: dict[str, str] | None = None
    ) -> tuple[_Search, Scope]:
        """Makes the request entry durable."""
        started_at = self._clock()
        scope = self._gallery.scope(camera=query.camera, purpose=query.purpose, moment=started_at)
        evidence = Evidence.of(probe)
        body = request_body(
            kind,
            query,
            started_at=started_at,
            scope=scope,
            operating_point=self.operating_point,
            commitment=evidence.commitment,
            against=against,
        )
        entry = self._log.record(EntryKind.REQUEST, body)
        return _Search(request_index=entry.index, started_at=started_at, query=query, evidence=evidence), scope

    def _end(
        self,
        connection: Connection,
        search: _Search,
        candidates: Sequence[Candidate],
        ended_at: datetime,
        result: dict[str, Any],
    ) -> int:
        """Appends the outcome entry, and keeps the evidence if somebody was found; the entry's index."""
        body = outcome_body(
            search.request_index, started_at=search.started_at, ended_at=ended_at, candidates=candidates
        )
        entry = self._log.append(connection, EntryKind.OUTCOME, body | result)
        if candidates:
            first = candidates[0].subject_id
            key = self._gallery.subject_key(connection, first)
            search.evidence.keep(connection, search.request_index, first, key)
        return entry.index

    @contextmanager
    def _failure_logged(self, request_index: int) -> Iterator[None]:
        """A search that ends in an error gets a failure entry in the outcome's place, if one still can be written.

        If not, the next start writes it (`AuditLog.close_interrupted`).
        """
        try:
            yield
        except BaseException as error:
            code = error.code if isinstance(error, ClearglassError) else "internal"
            with suppress(ClearglassError):
                self._log.record(EntryKind.FAILURE, {"request": request_index, "code": code})
            raise

    def _count(self, outcome: str) -> None:
        if self._metrics is not None:
            self._metrics.identifications.labels(outcome=outcome).inc()


def _candidate(rank: int, reference: KnownReference, score: Dissimilarity) -> Candidate:
    return Candidate(
        subject_id=reference.subject_id,
        reference_id=reference.id,
        rank=rank,
        dissimilarity=score.fused,
        sface=score.sface,
        dlib=score.dlib,
    )


def _no_consent() -> ConsentRequiredError:
    return ConsentRequiredError(
        "No consent of the subject covers this camera and purpose now.",
        remedy="Ask for what the person agreed to, or record a new consent.",
    )


def _scores(score: Dissimilarity) -> dict[str, float]:
    return {"dissimilarity": score.fused, "sface": score.sface, "dlib": score.dlib}
