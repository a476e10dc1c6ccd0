"""A decision made again: from the sealed probe, with the model, the threshold and the gallery of that time."""

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
"""By so much may a dissimilarity differ that is computed again: products are summed in another order in a batch."""


Vector = NDArray[np.float32]
Found = tuple[str, str, float]
"""Subject, reference and dissimilarity."""


class ReplayError(ClearglassError):
    """The log's entry is no decision that could be made again."""

    code: ClassVar[str] = "no_decision"


class Agreement(StrEnum):
    """How a decision made again compares with what the log says of it."""

    EQUAL = "equal"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, kw_only=True)
class Retold:
    """A candidate of the log's by dlib's own implementation, from the pictures that were kept.

    dlib: the distance; None where no face was found in one of the pictures. mated: whether it decides the same.
    """

    subject_id: str
    logged: float
    dlib: float | None
    mated: bool | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """findings: in what it differs, or why it cannot be, for people. proof: the log's entries that show why.

    retold: the same by dlib's reference implementation.
    """

    request_index: int
    outcome_index: int
    verdict: Agreement
    findings: tuple[str, ...] = ()
    proof: tuple[int, ...] = ()
    retold: tuple[Retold, ...] = ()


class Replayer:
    """Makes decisions again. Each replay is in the log before anything is opened; nothing else is written."""

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
        """subjects: how many different ones a search brings forward at least, as the Identifier's candidates."""
        self._database = database
        self._log = log
        self._gallery = gallery
        self._shard = shard
        self._shortlister = Shortlister(shard, subjects=subjects)
        self._recogniser = recogniser

    def replay(self, index: int, *, actor: str, role: str) -> Replay:
        """The decision whose request or outcome stands at this index.

        actor, role: of the caller, as the log names them.
        Raises LogUnavailableError or ClockError, then nothing was read; EntryUnknownError, ReplayError where the entry
        is of no decision, ShardBehindError, SealError, StoreError.
        """
        self._log.record(EntryKind.LOG_READ, {"actor": actor, "role": role, "read": {"replay": index}})
        request, outcome = self._decision(index)
        candidates = outcome.body["candidates"]
        self._gallery.catch_up()
        if "commitment" in (request.body.get("against") or {}):
            return _impossible(request, outcome, "It compared two pictures, of which none was kept.")
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
        """Request and outcome."""
        entry = self._log.entry(index)
        first = entry.index if entry.kind is EntryKind.REQUEST else answered(entry.kind, entry.body)
        if first is None:
            raise ReplayError(f"Entry {index} is of no search.", remedy="Name a request entry, or its outcome.")
        with self._database.reading() as connection:
            second = connection.execute(
                select(_ENTRY.index).where(_ENTRY.request_index == first, _ENTRY.kind == EntryKind.OUTCOME.value)
            ).scalar()
        if second is None:
            raise ReplayError(f"The search of entry {first} came to no decision.", remedy="Name another one.")
        return self._log.entry(first), self._log.entry(second)

    def _erased(self, connection: Connection, request: AuditEntry, outcome: AuditEntry) -> Replay:
        """Those who were found have withdrawn, and with them went the probe: the log's entries say so, or it was taken
        away without one."""
        subjects = [candidate["subject"] for candidate in outcome.body["candidates"]]
        proof = tuple(index for subject in subjects for index in _departures(connection, subject))
        if not proof:
            finding = "The probe that was kept is gone, and no entry tells of a withdrawal that took it."
            return _told(request, outcome, Agreement.DIFFERENT, [finding])
        return _impossible(
            request, outcome, "Somebody it found has withdrawn, and the probe was erased with what was theirs.", proof
        )

    def _made_again(self, request: AuditEntry, outcome: AuditEntry, evidence: Evidence, selection: Selection) -> Replay:
        body, logged = request.body, outcome.body["candidates"]
        findings: list[str] = []
        if evidence.commitment != body["commitment"]:
            findings.append("The probe that was kept is not the one that the request committed to.")
        if evidence.template.model_digest != body["model_digest"]:
            findings.append("The probe that was kept was made by another model than the request names.")
        if findings:
            return _told(request, outcome, Agreement.DIFFERENT, findings)
        if evidence.template.model_digest != self._recogniser.model_digest:
            return _impossible(request, outcome, "It was made with another model than the one in use.")
        if body["fusion"] != self._recogniser.fusion.weights:
            return _impossible(request, outcome, "It was made with other weights of the fusion than those in use.")
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
            findings.append(f"More are found: {', '.join(subject for subject, _, _ in found[len(logged) :])}.")
        verdict = Agreement.DIFFERENT if findings else Agreement.EQUAL
        if left:
            findings.append(f"{body['gallery']['in_scope']} references were in scope then, {len(selection)} now.")
        retold = tuple(self._retell(evidence, logged, threshold))
        return _told(request, outcome, verdict, findings, retold=retold)

    def _found(
        self, evidence: Evidence, request: AuditEntry, outcome: AuditEntry, selection: Selection, threshold: float
    ) -> list[Found]:
        """The people whom the index finds, and those whom the logged outcome names, nearest first."""
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
        """The same of references by themselves, as far as they are still there."""
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

    def _retell(
        self, evidence: Evidence, candidates: Sequence[Mapping[str, Any]], threshold: float
    ) -> Iterator[Retold]:
        """By dlib itself, from the JPEGs that were kept of probe and reference, where it is part of the fusion."""
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
            yield Retold(subject_id=candidate["subject"], logged=logged[EMBEDDER], dlib=apart, mated=mated)

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


def _departures(connection: Connection, subject_id: str) -> list[int]:
    """The entries of a subject's withdrawal and erasure."""
    kinds = (EntryKind.WITHDRAWAL.value, EntryKind.ERASURE.value)
    named = func.instr(cast(_ENTRY.data, LargeBinary), subject_id.encode()) > 0
    query = select(_ENTRY.index).where(_ENTRY.kind.in_(kinds), named).order_by(_ENTRY.index)
    return list(connection.execute(query).scalars())


def _differences(logged: Sequence[Mapping[str, Any]], found: Sequence[Found]) -> Iterator[str]:
    """In what those found now are not those of the log."""
    for place, candidate in enumerate(logged):
        now = found[place] if place < len(found) else None
        if now is None:
            yield f"Candidate {candidate['rank']} is not found any more."
        elif now[:2] != (candidate["subject"], candidate["reference"]):
            yield f"In the place of candidate {candidate['rank']} subject {now[0]} is found, reference {now[1]}."
        elif abs(now[2] - candidate["dissimilarity"]) > _SAME:
            yield f"Candidate {candidate['rank']} has dissimilarity {now[2]:.6f}, not {candidate['dissimilarity']:.6f}."


def _impossible(request: AuditEntry, outcome: AuditEntry, why: str, proof: tuple[int, ...] = ()) -> Replay:
    return _told(request, outcome, Agreement.IMPOSSIBLE, [why], proof=proof)


def _told(
    request: AuditEntry,
    outcome: AuditEntry,
    verdict: Agreement,
    findings: Sequence[str],
    *,
    proof: tuple[int, ...] = (),
    retold: tuple[Retold, ...] = (),
) -> Replay:
    return Replay(
        request_index=request.index,
        outcome_index=outcome.index,
        verdict=verdict,
        findings=tuple(findings),
        proof=proof,
        retold=retold,
    )
