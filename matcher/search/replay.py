"""Makes a logged decision again, from its sealed probe, with the model, threshold and gallery of that time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, cast, func, select

from matcher.columns.selection import Selection
from matcher.consent.rule import ENROLMENT
from matcher.errors import ClearglassError
from matcher.index.shard import Shard
from matcher.log.entry import AuditEntry, EntryKind, answered
from matcher.log.log import AuditLog
from matcher.people.errors import ReferenceUnknownError, SubjectWithdrawnError
from matcher.people.gallery import Gallery
from matcher.people.records import reference_numbers
from matcher.recognition.image import decode_image
from matcher.recognition.networks.dlib_reference import EMBEDDER, DlibReference
from matcher.recognition.pixels import mirrored, rgb
from matcher.recognition.recogniser import Recogniser
from matcher.search.evidence import Evidence, read_evidence
from matcher.search.past_scope import past_selection
from matcher.search.shortlist import Shortlister
from matcher.store import tables
from matcher.store.database import Database
from matcher.timestamp import parse_time

_ENTRY = tables.audit_entry.c
_SAME = 1e-6
"""The tolerance for a dissimilarity that is computed again: a batch may sum the products in another order."""


Vector = NDArray[np.float32]
Found = tuple[str, str, float]
"""Subject, reference and dissimilarity."""


class ReplayError(ClearglassError):
    """The log's entry does not belong to a decision, so that there is nothing to replay."""

    code: ClassVar[str] = "no_decision"


class Agreement(StrEnum):
    """How the replayed decision compares with the logged one."""

    EQUAL = "equal"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, kw_only=True)
class DlibComparison:
    """A logged candidate, compared again by dlib's own implementation on the stored pictures.

    logged: the logged distance of the dlib embedder. dlib: the new distance; None if a picture is missing or shows no
    face. mated: whether the candidate is at or below the threshold with the new distance; None without one.
    """

    subject_id: str
    logged: float
    dlib: float | None
    mated: bool | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The result of a replay.

    findings: the differences, or why a replay is impossible, as sentences. proof: the indices of the log's entries that
    show why it is impossible.
    """

    request_index: int
    outcome_index: int
    verdict: Agreement
    findings: tuple[str, ...] = ()
    proof: tuple[int, ...] = ()
    retold: tuple[DlibComparison, ...] = ()
    """The logged candidates, compared again by dlib's reference implementation."""


class Replayer:
    """Makes decisions again. Each replay is logged before any data is unsealed; nothing else is written."""

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        gallery: Gallery,
        shard: Shard,
        recogniser: Recogniser,
        *,
        subjects: int,
    ) -> None:
        """subjects: the least number of different subjects in a shortlist, as the Identifier's `candidates`."""
        self._database = database
        self._log = log
        self._gallery = gallery
        self._shard = shard
        self._shortlister = Shortlister(shard, subjects=subjects)
        self._recogniser = recogniser

    def replay(self, index: int, *, actor: str, role: str) -> Replay:
        """Replays the decision whose request or outcome has this index.

        actor, role: those of the caller, for the log. Raises LogUnavailableError or ClockError before anything is read;
        EntryUnknownError; ReplayError if the entry does not belong to a decision; ShardBehindError, SealError,
        StoreError.
        """
        self._log.record(EntryKind.LOG_READ, {"actor": actor, "role": role, "read": {"replay": index}})
        request, outcome = self._decision(index)
        candidates = outcome.body["candidates"]
        self._gallery.catch_up()
        if "commitment" in (request.body.get("against") or {}):
            return _impossible(request, outcome, "It compared two pictures, and neither was kept.")
        if not candidates:
            return _impossible(request, outcome, "It found nobody, so nothing of the probe was kept.")
        if request.body["camera"] == ENROLMENT:
            return _impossible(request, outcome, "It was the check at an enrolment, which keeps no probe.")
        with self._database.reading() as connection:
            try:
                key = self._gallery.subject_key(connection, candidates[0]["subject"])
                evidence = read_evidence(connection, request.index, key)
            except SubjectWithdrawnError:
                evidence = None
            if evidence is None:
                return self._erased(connection, request, outcome)
            selection = past_selection(
                connection,
                self._gallery.references_of,
                camera=request.body["camera"],
                purpose=request.body["purpose"],
                moment=parse_time(request.body["started_at"]),
                zone=self._gallery.zone(request.body.get("time_zone")),
            )
        return self._made_again(request, outcome, evidence, selection)

    def _decision(self, index: int) -> tuple[AuditEntry, AuditEntry]:
        """Returns the request and the outcome of the search to which the entry belongs."""
        entry = self._log.entry(index)
        first = entry.index if entry.kind is EntryKind.REQUEST else answered(entry.kind, entry.body)
        if first is None:
            raise ReplayError(
                f"Entry {index} does not belong to a search.", remedy="Name a request entry, or its outcome."
            )
        with self._database.reading() as connection:
            second = connection.execute(
                select(_ENTRY.index).where(_ENTRY.request_index == first, _ENTRY.kind == EntryKind.OUTCOME.value)
            ).scalar()
        if second is None:
            raise ReplayError(f"The search of entry {first} came to no decision.", remedy="Name another one.")
        return self._log.entry(first), self._log.entry(second)

    def _erased(self, connection: Connection, request: AuditEntry, outcome: AuditEntry) -> Replay:
        """The result if the probe is gone. A found subject's withdrawal erases it, and the log must show that."""
        subjects = [candidate["subject"] for candidate in outcome.body["candidates"]]
        proof = tuple(index for subject in subjects for index in _withdrawal_entries(connection, subject))
        if not proof:
            finding = "The probe that was kept is gone, and no entry shows a withdrawal that erased it."
            return _replay(request, outcome, Agreement.DIFFERENT, [finding])
        return _impossible(
            request,
            outcome,
            "A subject that it found has withdrawn, and the probe was erased with that subject's data.",
            proof,
        )

    def _made_again(self, request: AuditEntry, outcome: AuditEntry, evidence: Evidence, selection: Selection) -> Replay:
        body, logged = request.body, outcome.body["candidates"]
        findings: list[str] = []
        if evidence.commitment != body["commitment"]:
            findings.append("The probe that was kept is not the one that the request committed to.")
        if evidence.template.model_digest != body["model_digest"]:
            findings.append("The probe that was kept was made by a model other than the one that the request names.")
        if findings:
            return _replay(request, outcome, Agreement.DIFFERENT, findings)
        if evidence.template.model_digest != self._recogniser.model_digest:
            return _impossible(request, outcome, "It was made with a model other than the one in use.")
        if body["fusion"] != self._recogniser.fusion.weights:
            return _impossible(request, outcome, "It was made with fusion weights other than those in use.")
        threshold = body["operating_point"]["threshold"]
        if body["search"] == "identify":
            found = self._found(evidence, request, outcome, selection, threshold)
        else:
            references = self._gallery.references(body["against"]["subject"])
            each = self._compared(evidence, [one.id for one in references], selection, threshold)
            found = sorted(each, key=lambda one: one[2])[:1]
        findings += _differences(logged, found)
        left = body["gallery"]["in_scope"] - len(selection)
        if len(logged) < min(outcome.body.get("most", 0), len(found)) and left >= 0:
            findings.append(f"The replay also finds: {', '.join(subject for subject, _, _ in found[len(logged) :])}.")
        verdict = Agreement.DIFFERENT if findings else Agreement.EQUAL
        if left:
            findings.append(
                f"{body['gallery']['in_scope']} references were in scope at the search, {len(selection)} are now."
            )
        retold = tuple(self._compared_by_dlib(evidence, logged, threshold))
        return _replay(request, outcome, verdict, findings, retold=retold)

    def _found(
        self, evidence: Evidence, request: AuditEntry, outcome: AuditEntry, selection: Selection, threshold: float
    ) -> list[Found]:
        """Returns every subject that the index finds or the outcome names, nearest first.

        Logged candidates are compared directly, so that the result does not depend on the index.
        """
        revision = self._gallery.revision
        (matches,) = self._shortlister.matches([evidence.template], selection, threshold, revision=revision)
        ended_at = parse_time(outcome.body["ended_at"])
        logged = [candidate["reference"] for candidate in outcome.body["candidates"]]
        nearest = self._compared(evidence, logged, selection, threshold)
        with self._database.reading() as connection:
            for number, score in matches:
                known = self._gallery.known(connection, number)
                if known is not None and self._gallery.permitted_then(
                    connection,
                    known.subject_id,
                    camera=request.body["camera"],
                    purpose=request.body["purpose"],
                    moment=ended_at,
                    zone=self._gallery.zone(request.body.get("time_zone")),
                ):
                    nearest.append((known.subject_id, known.id, score.fused))
        by_subject: dict[str, Found] = {}
        for one in sorted(nearest, key=lambda found: found[2]):
            by_subject.setdefault(one[0], one)
        return list(by_subject.values())

    def _compared(
        self, evidence: Evidence, reference_ids: Sequence[str], selection: Selection, threshold: float
    ) -> list[Found]:
        """Compares the probe with these references directly, as far as they are still in the selection."""
        with self._database.reading() as connection:
            numbers = [
                number for number in reference_numbers(connection, reference_ids).values() if number in selection
            ]
            found = (self._gallery.known(connection, number) for number in numbers)
            known = {one.number: one for one in found if one is not None}
        asked = np.array(list(known), dtype=np.int64)
        scored = self._shard.compare(evidence.template, asked, revision=self._gallery.revision)
        each = zip(scored.numbers.tolist(), scored.dissimilarities.fused.tolist(), strict=True)
        return [(known[number].subject_id, known[number].id, score) for number, score in each if score <= threshold]

    def _compared_by_dlib(
        self, evidence: Evidence, candidates: Sequence[Mapping[str, Any]], threshold: float
    ) -> Iterator[DlibComparison]:
        """Compares the JPEGs of probe and references by dlib itself, if dlib is part of the fusion."""
        weights = self._recogniser.fusion.weights
        if not evidence.crop or EMBEDDER not in weights:
            return
        dlib = _dlib()
        probe = self._embedded(dlib, evidence.crop)
        for candidate in candidates:
            try:
                other = self._embedded(dlib, self._gallery.reference_picture(candidate["reference"]))
            except (ReferenceUnknownError, SubjectWithdrawnError):
                other = None
            apart = None if probe is None or other is None else float(np.linalg.norm(probe - other))
            logged, mated = candidate["scores"], None
            if apart is not None:
                scores = {**logged, EMBEDDER: apart}
                mated = sum(weight * scores[name] for name, weight in weights.items()) <= threshold
            yield DlibComparison(subject_id=candidate["subject"], logged=logged[EMBEDDER], dlib=apart, mated=mated)

    def _embedded(self, dlib: DlibReference, picture: bytes) -> Vector | None:
        image = decode_image(picture)
        faces = self._recogniser.detect([image])[0]
        if not faces:
            return None
        chip = dlib.chip(rgb(image), faces[0].box)
        vector: Vector = dlib.embed([chip, mirrored(chip)]).mean(axis=0)
        return vector


@cache
def _dlib() -> DlibReference:
    return DlibReference()


def _withdrawal_entries(connection: Connection, subject_id: str) -> list[int]:
    """Returns the indices of the entries of a subject's withdrawal and erasure."""
    kinds = (EntryKind.WITHDRAWAL.value, EntryKind.ERASURE.value)
    named = func.instr(cast(_ENTRY.data, LargeBinary), subject_id.encode()) > 0
    query = select(_ENTRY.index).where(_ENTRY.kind.in_(kinds), named).order_by(_ENTRY.index)
    return list(connection.execute(query).scalars())


def _differences(logged: Sequence[Mapping[str, Any]], found: Sequence[Found]) -> Iterator[str]:
    """Yields the differences between the logged candidates and those that are found now, as sentences."""
    for place, candidate in enumerate(logged):
        now = found[place] if place < len(found) else None
        if now is None:
            yield f"Candidate {candidate['rank']} is not found now."
        elif now[:2] != (candidate["subject"], candidate["reference"]):
            yield f"Instead of candidate {candidate['rank']}, subject {now[0]} is found, by reference {now[1]}."
        elif abs(now[2] - candidate["dissimilarity"]) > _SAME:
            yield f"Candidate {candidate['rank']} has dissimilarity {now[2]:.6f}, not {candidate['dissimilarity']:.6f}."


def _impossible(request: AuditEntry, outcome: AuditEntry, why: str, proof: tuple[int, ...] = ()) -> Replay:
    return _replay(request, outcome, Agreement.IMPOSSIBLE, [why], proof=proof)


def _replay(
    request: AuditEntry,
    outcome: AuditEntry,
    verdict: Agreement,
    findings: Sequence[str],
    *,
    proof: tuple[int, ...] = (),
    retold: tuple[DlibComparison, ...] = (),
) -> Replay:
    return Replay(
        request_index=request.index,
        outcome_index=outcome.index,
        verdict=verdict,
        findings=tuple(findings),
        proof=proof,
        retold=retold,
    )
