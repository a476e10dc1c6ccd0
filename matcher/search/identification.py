"""Searches the gallery: identify (1:N) and verify (1:1). The only other searches are replays (`replay.py`).

The order is always: durable request entry → search → scores → durable outcome entry → answer. If the request entry
cannot be written, there is no search; if the outcome entry cannot be written, nothing is returned. Callers that arrive
during a round share the next one: one transaction of requests, one pass over the index, one transaction of outcomes.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection

from matcher.clock import Clock
from matcher.columns.selection import Selection
from matcher.errors import ClearglassError
from matcher.index.shard import Shard
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.metrics import MatcherMetrics
from matcher.people.gallery import Gallery
from matcher.plain_text import fault_of
from matcher.probe.probe import Probe, Query
from matcher.recognition.fusion import Fusion
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.template import ModelMismatchError
from matcher.search.candidate import Candidate, CandidateList, Verification
from matcher.search.rounds import Rounds
from matcher.search.search_log import Search, SearchLog
from matcher.search.shortlist import Match, Shortlister
from matcher.search.verifier import Verifier

MOST_SEARCHES = 64
"""The most searches of one round."""


class QueryError(ClearglassError):
    """The actor, role, camera or purpose of a query is not valid."""

    code: ClassVar[str] = "query_invalid"


class _Asked(Future[CandidateList]):
    """An identification that its caller waits for. found: the matches, before consents are checked again."""

    def __init__(self, probe: Probe, query: Query) -> None:
        super().__init__()
        self.probe = probe
        self.query = query
        self.found: Sequence[Match] = ()


class Identifier:
    """Searches the gallery and logs each search. Safe to use from several threads."""

    def __init__(
        self,
        shard: Shard,
        gallery: Gallery,
        log: AuditLog,
        operating_point: OperatingPoint,
        clock: Clock,
        *,
        fusion: Fusion,
        candidates: int = 5,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """fusion: compares templates. candidates: the most subjects in an answer."""
        self._shortlister = Shortlister(shard, subjects=candidates)
        self._fusion = fusion
        self._gallery = gallery
        self._log = log
        self._clock = clock
        self._searches = SearchLog(gallery, log, clock)
        self._verifier = Verifier(gallery, shard, log, self._searches, fusion)
        self._most = candidates
        self._metrics = metrics
        self._rounds = Rounds(self._answer_round, most=MOST_SEARCHES)
        self.operating_point = operating_point

    def identify(self, probe: Probe, query: Query) -> CandidateList:
        """Returns the candidates for a probe, among subjects whose consent covers the query now; often there are none.

        Raises QueryError, which is not logged; ModelMismatchError, which is logged; LogUnavailableError and ClockError;
        and ShardBehindError, StoreError or SealError if the gallery's present state cannot be read: then there is no
        answer, and a failure entry is written if possible.
        """
        return self._identify_round([probe], query)[0]

    def identify_all(self, probes: Sequence[Probe], query: Query) -> list[CandidateList]:
        """Identifies several probes, such as the faces of a photograph. Each is one search with its own two entries.

        The searches are made in rounds, which other callers share. Raises as `identify` does: then no probe is
        answered, and the log shows which searches were made.
        """
        answers: list[CandidateList] = []
        for start in range(0, len(probes), MOST_SEARCHES):
            answers += self._identify_round(probes[start : start + MOST_SEARCHES], query)
        return answers

    def verify(self, probe: Probe, against: str | Probe, query: Query) -> Verification:
        """Decides whether the probe shows the subject with this id, or the same person as another probe.

        Raises as `identify` does; also ModelMismatchError if all references of the subject are of another model, and
        ConsentRequiredError if no consent of the subject covers the query. In these two cases the request is logged,
        and nothing is compared. SubjectUnknownError is raised before the request and is not logged.
        """
        self._prepare([probe], query)
        if isinstance(against, Probe):
            self._require(against, query)
            return self._verifier.of_probes(probe, against, query, self.operating_point)
        return self._verifier.of_subject(probe, against, query, self.operating_point)

    # --- 1:N -------------------------------------------------------------------------------------------------------

    def _identify_round(self, probes: Sequence[Probe], query: Query) -> list[CandidateList]:
        """Identifies at most `MOST_SEARCHES` probes."""
        with self._counting(len(probes)):
            self._prepare(probes, query)
            asked = [_Asked(probe, query) for probe in probes]
            self._rounds.join(asked)
            answers = [one.result() for one in asked]
        for answer in answers:
            self._count_answer(answer)
        return answers

    def _answer_round(self, arriving: Iterator[_Asked]) -> None:
        """Answers one round. An error of one search is given to its caller, any other error to all callers."""
        with self._log.writing() as connection:
            begun = {search: one for one in arriving if (search := self._begin(connection, one)) is not None}
        with self._searches.failing(begun):
            self._find(begun)
            with self._log.writing() as connection:
                ended = [(one, self._end(connection, search, one)) for search, one in begun.items()]
        for one, answer in ended:
            if isinstance(answer, CandidateList):
                one.set_result(answer)
            else:
                one.set_exception(answer)

    def _begin(self, connection: Connection, one: _Asked) -> Search | None:
        """Logs the request. If that fails, returns None, and the caller gets the error."""
        try:
            return self._searches.begin(connection, "identify", one.probe, one.query, self.operating_point)
        except ClearglassError as error:
            one.set_exception(error)
            return None

    def _find(self, begun: Mapping[Search, _Asked]) -> None:
        """Searches the shard, once for all searches with the same selection."""
        began = time.perf_counter()
        by_selection: dict[Selection, list[_Asked]] = {}
        for search, one in begun.items():
            by_selection.setdefault(search.scope.selection, []).append(one)
        # The selections of one round may be of different revisions: the shard must have applied the newest.
        revision = max((search.scope.revision for search in begun), default=0)
        for selection, several in by_selection.items():
            probes = [one.probe.template for one in several]
            matches = self._shortlister.matches(probes, selection, self.operating_point.threshold, revision=revision)
            for one, found in zip(several, matches, strict=True):
                one.found = found
        if self._metrics is not None:
            seconds = time.perf_counter() - began
            for _ in begun:
                self._metrics.search_seconds.observe(seconds)

    def _end(self, connection: Connection, search: Search, one: _Asked) -> CandidateList | ClearglassError:
        """Returns the answer or the error. It may be used only after the transaction has been committed."""
        moment = self._log.moment(connection)
        try:
            return self._answer(connection, search, one.found, moment)
        except ClearglassError as error:
            self._searches.fail(connection, search, error)
            return error

    def _answer(
        self, connection: Connection, search: Search, found: Sequence[Match], moment: datetime
    ) -> CandidateList:
        scope, selected = search.scope, len(search.scope.selection)
        candidates = self._ranked(connection, found, search.query, moment)
        outcome = self._searches.end(connection, search, candidates, moment, {"searched": selected, "most": self._most})
        return CandidateList(
            candidates=candidates,
            operating_point=self.operating_point,
            request_index=search.request_index,
            outcome_index=outcome,
            started_at=search.started_at,
            ended_at=moment,
            searched=selected,
            gallery_size=scope.size,
            gallery_revision=scope.revision,
        )

    def _ranked(
        self, connection: Connection, found: Sequence[Match], query: Query, moment: datetime
    ) -> tuple[Candidate, ...]:
        """Returns the best reference of each subject who may still be found in the transaction of the outcome."""
        candidates: list[Candidate] = []
        seen: set[str] = set()
        for number, score in found:
            known = self._gallery.known(connection, number)
            if known is None or known.subject_id in seen:
                continue
            seen.add(known.subject_id)
            if self._gallery.permitted(connection, known.subject_id, query, moment):
                candidates.append(Candidate.of(known, score, rank=len(candidates) + 1))
            if len(candidates) == self._most:
                break
        return tuple(candidates)

    # --- both ------------------------------------------------------------------------------------------------------

    def _prepare(self, probes: Sequence[Probe], query: Query) -> None:
        """Checks the probes and the query, and brings the gallery up to date. Raises as `_require` does."""
        for probe in probes:
            self._require(probe, query)
        self._gallery.catch_up()
        # A camera's first search reads the whole gallery: this is done here, outside the log's transaction.
        self._gallery.scope(query, self._clock())

    def require_query(self, query: Query) -> None:
        """Raises QueryError if a text of the query is not valid in the log."""
        for name, text in vars(query).items():
            fault = None if text is None else fault_of(text)
            if fault is not None:
                raise QueryError(
                    f"The search's {name.replace('_', ' ')} {fault}.",
                    remedy="Give actor, role, camera and purpose, in at most 200 characters each.",
                )

    def _require(self, probe: Probe, query: Query) -> None:
        """Raises QueryError; or logs and raises ModelMismatchError."""
        self.require_query(query)
        template = probe.template
        # A vector that is not of its embedder's dimension and norm would match every reference, or none.
        if template.model_digest != self.operating_point.model_digest or not self._fusion.fits(template):
            self._log.record(
                EntryKind.FAILURE, {"code": ModelMismatchError.code, "actor": query.actor, "purpose": query.purpose}
            )
            raise ModelMismatchError(
                "The probe's template was not made by the model in use.",
                remedy="Extract it again with the present model.",
            )

    @contextmanager
    def _counting(self, searches: int) -> Iterator[None]:
        """Counts the searches as refused or failed if the block ends in an error."""
        try:
            yield
        except (QueryError, ModelMismatchError):
            self._count("refused", searches)
            raise
        except BaseException:
            self._count("failed", searches)
            raise

    def _count_answer(self, answer: CandidateList) -> None:
        self._count("candidates" if answer.candidates else "none", 1)

    def _count(self, outcome: str, searches: int) -> None:
        if self._metrics is not None:
            self._metrics.identifications.labels(outcome=outcome).inc(searches)
