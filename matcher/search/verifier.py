"""Verification (1:1): a probe compared with one subject, or with another probe. Logged like any search."""

from typing import Any

import numpy as np

from matcher.consent.consent import permits
from matcher.consent.errors import ConsentRequiredError
from matcher.index.shard import Comparer
from matcher.log.log import AuditLog
from matcher.people.gallery import Gallery
from matcher.people.reference import Reference
from matcher.probe.probe import Probe, Query
from matcher.recognition.fusion import Dissimilarity, Fusion
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.template import ModelMismatchError
from matcher.search.candidate import Candidate, Verification
from matcher.search.evidence import Evidence
from matcher.search.search_log import Search, SearchLog


class Verifier:
    """Compares for the identifier, which has admitted query and probes. Raises as `Identifier.verify` does."""

    def __init__(
        self, gallery: Gallery, comparer: Comparer, log: AuditLog, searches: SearchLog, fusion: Fusion
    ) -> None:
        """comparer: holds the gallery's templates. fusion: compares two probes."""
        self._gallery = gallery
        self._comparer = comparer
        self._log = log
        self._searches = searches
        self._fusion = fusion

    def of_subject(self, probe: Probe, subject_id: str, query: Query, operating_point: OperatingPoint) -> Verification:
        """Whether the probe is of the subject with this id."""
        self._gallery.subject(subject_id)  # raises before anything is logged about an id that means nobody
        against = {"subject": subject_id}
        with self._log.writing() as connection:
            search = self._searches.begin(connection, "verify", probe, query, operating_point, against=against)
        with self._searches.failing([search]):
            current = self._comparable(subject_id, search, operating_point)
            numbers = np.array(list(current), dtype=np.int64)
            scored = self._comparer.compare(probe.template, numbers, revision=search.scope.revision)
            with self._log.writing() as connection:
                ended_at = self._log.moment(connection)
                if not len(scored) or not self._gallery.permitted(connection, subject_id, query, ended_at):
                    raise _no_consent()
                best = int(scored.dissimilarities.fused.argmin())
                reference, score = current[int(scored.numbers[best])], scored.dissimilarities.at(best)
                mated = score.fused <= operating_point.threshold
                candidates = (Candidate.of(reference, score, rank=1),) if mated else ()
                result = {"searched": len(scored), "mated": mated, **_scores(score)}
                outcome = self._searches.end(connection, search, candidates, ended_at, result)
        return _verification(search, outcome, score, operating_point, mated=mated)

    def of_probes(self, probe: Probe, other: Probe, query: Query, operating_point: OperatingPoint) -> Verification:
        """Whether both probes are of the same person."""
        against = {"commitment": Evidence.of(other).commitment}
        with self._log.writing() as connection:
            search = self._searches.begin(connection, "verify", probe, query, operating_point, against=against)
        with self._searches.failing([search]):
            score = self._fusion.compare(probe.template, other.template)
            mated = score.fused <= operating_point.threshold
            with self._log.writing() as connection:
                ended_at = self._log.moment(connection)
                result = {"searched": 1, "mated": mated, **_scores(score)}
                outcome = self._searches.end(connection, search, (), ended_at, result)
        return _verification(search, outcome, score, operating_point, mated=mated)

    def _comparable(self, subject_id: str, search: Search, operating_point: OperatingPoint) -> dict[int, Reference]:
        """The subject's references in the search's scope, by number. The consent first: without it none is even read.

        Raises ConsentRequiredError, ModelMismatchError.
        """
        query = search.query
        consents, zone = self._gallery.consents(subject_id), self._gallery.zone(query.time_zone)
        if not permits(consents, camera=query.camera, purpose=query.purpose, moment=search.started_at, zone=zone):
            raise _no_consent()
        references = self._gallery.references(subject_id)
        current = {one.number: one for one in references if one.number in search.scope.selection}
        if current:
            return current
        if references and all(one.model_digest != operating_point.model_digest for one in references):
            raise ModelMismatchError(
                "All references of the subject were made by another model than the one in use.",
                remedy="Add pictures of the person again; they are extracted with the present model.",
            )
        # Enrolled or permitted since the search began: the request entry says that this was not in its scope.
        raise _no_consent()


def _verification(
    search: Search, outcome: int, score: Dissimilarity, operating_point: OperatingPoint, *, mated: bool
) -> Verification:
    return Verification(
        mated=mated,
        dissimilarity=score.fused,
        scores=score.scores,
        operating_point=operating_point,
        request_index=search.request_index,
        outcome_index=outcome,
    )


def _no_consent() -> ConsentRequiredError:
    return ConsentRequiredError(
        "No consent of the subject covers this camera and purpose now.",
        remedy="Ask for what the person agreed to, or record a new consent.",
    )


def _scores(score: Dissimilarity) -> dict[str, Any]:
    return {"dissimilarity": score.fused, "scores": dict(score.scores)}
