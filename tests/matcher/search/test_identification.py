import base64
import dataclasses
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from matcher.audit.verification import verify_log
from matcher.consent.errors import ConsentRequiredError
from matcher.index.local_shard import LocalShard
from matcher.log.entry import EntryKind
from matcher.log.errors import ClockError, LogUnavailableError
from matcher.log.log import AuditLog
from matcher.matcher import Matcher
from matcher.people.errors import SubjectUnknownError
from matcher.people.records import template_context
from matcher.recognition.packed_template import packed
from matcher.recognition.template import ModelMismatchError
from matcher.search.evidence import read_evidence
from matcher.search.identification import QueryError
from matcher.store.database import DATABASE_FILE, Database


class Watched:
    """A shard whose searches are counted, and that may do something in the middle of one."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls = 0
        self.during: Any = lambda: None

    def search(self, probes: Any, scope: Any, k: int, *, revision: int) -> Any:
        self.calls += 1
        found = self.inner.search(probes, scope, k, revision=revision)
        self.during()
        return found


@pytest.fixture
def watched(matcher: Matcher) -> Watched:
    watched = Watched(matcher.identifier._shortlister._shard)
    matcher.identifier._shortlister._shard = watched
    return watched


def verified(matcher: Matcher) -> bool:
    return verify_log(matcher.database, matcher.log.verifier_key).verified


# --- what is answered ------------------------------------------------------------------------------------------------


def test_candidates_come_with_their_proof(matcher: Matcher, world: Any, stub: Any) -> None:
    enrolment = world.enrol(matcher, 1, 1)
    world.enrol(matcher, 2, name="Bob")
    answer = matcher.identifier.identify(world.probe(matcher, 1), world.query(case_reference="case 7"))
    (candidate,) = answer.candidates
    assert candidate.subject_id == enrolment.subject.id
    assert candidate.reference_id == enrolment.references[0]
    assert candidate.rank == 1
    assert candidate.dissimilarity == pytest.approx(0, abs=1e-6)
    assert (answer.searched, answer.gallery_size, answer.gallery_revision) == (3, 3, 2)
    request, outcome = matcher.log.entry(answer.request_index), matcher.log.entry(answer.outcome_index)
    assert (request.kind, outcome.kind) == (EntryKind.REQUEST, EntryKind.OUTCOME)
    scope = matcher.gallery.scope(world.query(), world.clock())
    body = dict(request.body)
    assert len(body.pop("commitment")) == 64
    assert body == {
        "search": "identify",
        "actor": "user:1",
        "role": "operator",
        "camera": "lobby",
        "purpose": "demo",
        "case_reference": "case 7",
        "started_at": "2026-03-01T12:00:00.000000Z",
        "time_zone": "UTC",
        "gallery": {
            "id": scope.gallery_id,
            "revision": 2,
            "content_hash": scope.content_hash,
            "size": 3,
            "in_scope": 3,
        },
        "model_digest": stub.DIGEST,
        "fusion": {"sface": 1, "dlib": 0.5},
        "operating_point": {"name": "stub", "threshold": 0.5},
        "quality": 1.0,
    }
    assert outcome.body["request"] == answer.request_index
    assert outcome.body["candidates"][0]["subject"] == enrolment.subject.id
    assert (outcome.body["started_at"], outcome.body["ended_at"]) == (body["started_at"], body["started_at"])


def test_no_more_subjects_than_asked_for_and_the_nearest_first(world: Any, stub: Any, monkeypatch: Any) -> None:
    with world.open(candidates=2) as matcher:
        near = stub.changed(stub.template(1), dlib=stub.template(1).vectors["dlib"] + np.float32(0.02))
        templates = {2: near, 3: stub.changed(near, dlib=near.vectors["dlib"] + np.float32(0.01))}
        original = stub.template
        monkeypatch.setattr(stub, "template", lambda person: templates.get(person) or original(person))
        far, mid, best = (world.enrol(matcher, person).subject.id for person in (3, 2, 1))
        answer = matcher.identifier.identify(world.probe(matcher, 1), world.query())
        assert [candidate.subject_id for candidate in answer.candidates] == [best, mid]
        assert [candidate.rank for candidate in answer.candidates] == [1, 2]
        assert far not in str(answer)


def test_the_threshold_is_inclusive(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    world.enrol(matcher, 2)
    point, probe = matcher.identifier.operating_point, world.probe(matcher, 2)
    score = matcher.identifier.verify(probe, world.probe(matcher, 1), world.query()).dissimilarity
    matcher.identifier.operating_point = dataclasses.replace(point, threshold=score)
    assert len(world.found(matcher, 2)) == 2
    matcher.identifier.operating_point = dataclasses.replace(point, threshold=np.nextafter(score, 0).item())
    assert len(world.found(matcher, 2)) == 1


def test_an_empty_gallery_answers_nobody_and_logs_it(matcher: Matcher, world: Any, watched: Watched) -> None:
    assert world.found(matcher, 1) == []
    assert watched.calls == 0
    assert [entry.kind for entry in matcher.log.entries()][-2:] == [EntryKind.REQUEST, EntryKind.OUTCOME]


def test_one_to_one(matcher: Matcher, world: Any) -> None:
    subject_id = world.enrol(matcher, 2, 2).subject.id
    verify = matcher.identifier.verify
    assert verify(world.probe(matcher, 2), subject_id, world.query()).mated
    other = verify(world.probe(matcher, 3), subject_id, world.query())
    assert not other.mated
    assert other.dissimilarity > 0.5
    assert verify(world.probe(matcher, 3), world.probe(matcher, 3), world.query()).mated
    request = matcher.log.entry(other.request_index)
    assert (request.body["search"], request.body["against"]) == ("verify", {"subject": subject_id})
    assert matcher.log.entry(other.outcome_index).body["mated"] is False
    assert verified(matcher)


def test_one_to_one_compares_nothing_without_a_consent(matcher: Matcher, world: Any, monkeypatch: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    probe = world.probe(matcher, 1)

    def touched(*_: Any, **__: Any) -> None:
        raise AssertionError("a template was touched")

    monkeypatch.setattr(matcher.gallery, "references", touched)
    monkeypatch.setattr(LocalShard, "compare", touched)
    with pytest.raises(ConsentRequiredError):
        matcher.identifier.verify(probe, subject_id, world.query(purpose="other"))


def test_one_to_one_says_so_if_the_references_are_of_another_model(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        subject_id = world.enrol(matcher, 1).subject.id
        gallery = matcher.gallery
        reference = gallery.references(subject_id)[0]
        with matcher.database.writing() as connection:
            key = gallery.subject_key(connection, subject_id)
            sealed = key.seal(packed(stub.template(1)), context=template_context(reference.id, "00" * 32))
            connection.exec_driver_sql(
                "UPDATE reference SET model_digest = ?, sealed_template = ?", ("00" * 32, sealed)
            )
    with world.open() as matcher:
        probe = world.probe(matcher, 1)
        with pytest.raises(ModelMismatchError, match="references"):
            matcher.identifier.verify(probe, subject_id, world.query())
        with pytest.raises(ConsentRequiredError):
            matcher.identifier.verify(probe, subject_id, world.query(purpose="other"))
        assert verified(matcher)


def test_who_withdraws_consent_during_a_one_to_one_gets_no_answer_made(
    matcher: Matcher, world: Any, monkeypatch: Any
) -> None:
    enrolment = world.enrol(matcher, 1)
    probe, original = world.probe(matcher, 1), matcher.gallery.references

    def withdrawing(subject_id: str) -> Any:
        references = original(subject_id)
        matcher.gallery.withdraw_consent(enrolment.consent.id, "user:1")
        return references

    monkeypatch.setattr(matcher.gallery, "references", withdrawing)
    with pytest.raises(ConsentRequiredError):
        matcher.identifier.verify(probe, enrolment.subject.id, world.query())


def test_one_subjects_many_references_keep_nobody_else_out(world: Any, stub: Any, monkeypatch: Any) -> None:
    """By SFace alone the crowd is nearer; by both embedders the other is the better match."""
    person = stub.template(1)
    other = stub.changed(
        person, sface=(person.vectors["sface"] + stub.template(2).vectors["sface"] * 0.1).astype(np.float32)
    )
    other = stub.changed(other, sface=other.vectors["sface"] / np.linalg.norm(other.vectors["sface"]))
    crowd = stub.changed(person, dlib=person.vectors["dlib"] + np.float32(0.02))
    monkeypatch.setattr(stub, "template", {1: person, 2: other, 3: crowd}.__getitem__)
    with world.open() as matcher:
        best = world.enrol(matcher, 2).subject.id
        many = world.enrol(matcher, *[3] * 120).subject.id
        assert world.found(matcher, 1) == [best, many]


def test_one_to_one_needs_a_consent_and_a_subject(matcher: Matcher, world: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    with pytest.raises(ConsentRequiredError):
        matcher.identifier.verify(world.probe(matcher, 1), subject_id, world.query(purpose="other"))
    failure = matcher.log.entries(0, 1, newest_first=True)[0]
    assert (failure.kind, failure.body["code"]) == (EntryKind.FAILURE, "consent_required")
    size = matcher.log.size()
    with pytest.raises(SubjectUnknownError):
        matcher.identifier.verify(world.probe(matcher, 1), "nobody", world.query())
    assert matcher.log.size() == size
    matcher.gallery.withdraw(subject_id, "user:1")
    with pytest.raises(ConsentRequiredError):
        matcher.identifier.verify(world.probe(matcher, 1), subject_id, world.query())
    assert verified(matcher)


def test_many_probes_are_searched_for_in_rounds_each_with_its_own_entries(matcher: Matcher, world: Any) -> None:
    ids = {person: world.enrol(matcher, person).subject.id for person in (3, 70)}
    probes = [world.probe(matcher, person) for person in range(1, 101)]
    before = matcher.log.transactions
    answers = matcher.identifier.identify_all(probes, world.query(case_reference="case 7"))
    assert matcher.log.transactions - before == 4, "rounds of 64 and 36"
    found = {place: [one.subject_id for one in answer.candidates] for place, answer in enumerate(answers, start=1)}
    assert {place: ids for place, ids in found.items() if ids} == {person: [one] for person, one in ids.items()}
    for answer in answers:
        request, outcome = matcher.log.entry(answer.request_index), matcher.log.entry(answer.outcome_index)
        assert (request.kind, outcome.kind) == (EntryKind.REQUEST, EntryKind.OUTCOME)
        assert (request.body["case_reference"], outcome.body["request"]) == ("case 7", answer.request_index)
    assert len({answer.request_index for answer in answers}) == 100
    assert verified(matcher)


def test_no_probes_are_no_search(matcher: Matcher, world: Any) -> None:
    size = matcher.log.size()
    assert matcher.identifier.identify_all([], world.query()) == []
    assert matcher.log.size() == size


def test_a_round_of_many_probes_that_breaks_answers_nothing(matcher: Matcher, world: Any, watched: Watched) -> None:
    world.enrol(matcher, 1)
    probes = [world.probe(matcher, 1)] * 65

    def break_the_second() -> None:
        if watched.calls == 2:
            raise RuntimeError("the index broke")

    watched.during = break_the_second
    with pytest.raises(RuntimeError):
        matcher.identifier.identify_all(probes, world.query())
    kinds = [entry.kind for entry in matcher.log.entries(0, 130, newest_first=True)]
    assert kinds == [EntryKind.FAILURE, EntryKind.REQUEST] + [EntryKind.OUTCOME] * 64 + [EntryKind.REQUEST] * 64
    assert verified(matcher)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{"purpose": ""}, {"actor": "a\nb"}, {"role": " "}, {"camera": "x" * 201}, {"case_reference": "\x00"}],
)
def test_malformed_queries(matcher: Matcher, world: Any, watched: Watched, changes: dict[str, str]) -> None:
    world.enrol(matcher, 1)
    with pytest.raises(QueryError):
        matcher.identifier.identify(world.probe(matcher, 1), world.query(**changes))
    assert watched.calls == 0


def test_a_purpose_is_the_same_whatever_keyboard_wrote_it(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1, purpose="fe\u0302te")
    answer = matcher.identifier.identify(world.probe(matcher, 1), world.query(purpose="f\u00eate"))
    assert len(answer.candidates) == 1


def test_templates_of_another_model_never_meet_the_gallery(matcher: Matcher, world: Any, watched: Watched) -> None:
    world.enrol(matcher, 1)
    probe = world.probe(matcher, 1)
    alien = dataclasses.replace(probe, template=dataclasses.replace(probe.template, model_digest="00" * 32))
    identifier = matcher.identifier
    for search in (
        identifier.identify,
        lambda p, q: identifier.identify_all([probe, p], q),
        lambda p, q: identifier.verify(probe, p, q),
    ):
        with pytest.raises(ModelMismatchError):
            search(alien, world.query())
        assert matcher.log.entries(0, 1, newest_first=True)[0].body["code"] == "model_mismatch"
    assert watched.calls == 0


# --- no log, no search; no outcome, no answer ------------------------------------------------------------------------


def test_the_order_is_request_search_outcome_answer(matcher: Matcher, world: Any, watched: Watched) -> None:
    """What another process could read at the moment of the search, and at that of the answer."""
    world.enrol(matcher, 1)
    seen: list[EntryKind] = []

    def look() -> None:
        with Database.open_read_only(world.folder) as reader:
            log = AuditLog(reader, clock=world.clock)
            seen.append(log.entries(0, 1, newest_first=True)[0].kind)

    watched.during = look
    world.found(matcher, 1)
    look()
    assert seen == [EntryKind.REQUEST, EntryKind.OUTCOME]


def test_no_search_if_the_request_cannot_be_written(matcher: Matcher, world: Any, watched: Watched) -> None:
    """The disk is full, for SQLite: it may not have one page more."""
    world.enrol(matcher, 1)
    probe = world.probe(matcher, 1)
    with matcher.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LogUnavailableError, match="full"):
        while True:
            matcher.log.record(EntryKind.LOG_READ, {"actor": "user:1", "role": "auditor", "read": {"fill": "x" * 200}})
    size = matcher.log.size()
    with pytest.raises(LogUnavailableError, match="full") as caught:
        matcher.identifier.identify(probe, world.query())
    assert caught.value.code == "log_unavailable"
    assert (watched.calls, matcher.log.size()) == (0, size)
    with matcher.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert len(world.found(matcher, 1)) == 1
    assert verified(matcher)


def test_no_search_while_another_program_locks_the_database(world: Any, monkeypatch: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        watched = Watched(matcher.identifier._shortlister._shard)
        matcher.identifier._shortlister._shard = watched
        probe = world.probe(matcher, 1)
        with matcher.database.writing() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        other = sqlite3.connect(world.folder / DATABASE_FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailableError, match="locked"):
            matcher.identifier.identify(probe, world.query())
        other.execute("ROLLBACK")
        other.close()
        assert watched.calls == 0
        assert len(world.found(matcher, 1)) == 1


def test_no_search_when_the_clock_was_set_back(matcher: Matcher, world: Any, watched: Watched) -> None:
    world.enrol(matcher, 1)
    world.clock.move(hours=-1)
    with pytest.raises(ClockError):
        world.found(matcher, 1)
    assert watched.calls == 0


def test_no_answer_if_the_outcome_cannot_be_written(
    matcher: Matcher, world: Any, watched: Watched, monkeypatch: Any
) -> None:
    world.enrol(matcher, 1)
    probe = world.probe(matcher, 1)
    watched.during = lambda: world.clock.move(hours=-1)
    with pytest.raises(ClockError):
        matcher.identifier.identify(probe, world.query())
    assert watched.calls == 1
    assert matcher.log.entries(0, 1, newest_first=True)[0].kind is EntryKind.REQUEST
    watched.during = lambda: None
    world.clock.move(hours=2)
    matcher.close()
    with world.open() as again:
        failure = again.log.entries(kinds=[EntryKind.FAILURE])[0]
        assert failure.body["code"] == "interrupted"
        assert verified(again)


def test_a_search_that_breaks_is_logged_as_failed(matcher: Matcher, world: Any, watched: Watched) -> None:
    world.enrol(matcher, 1)
    probe = world.probe(matcher, 1)

    def fail() -> None:
        raise RuntimeError("the index broke")

    watched.during = fail
    with pytest.raises(RuntimeError):
        matcher.identifier.identify(probe, world.query())
    failure = matcher.log.entries(0, 1, newest_first=True)[0]
    assert (failure.kind, failure.body["code"]) == (EntryKind.FAILURE, "internal")
    assert verified(matcher)


def test_who_withdraws_during_a_search_is_not_in_its_answer(matcher: Matcher, world: Any, watched: Watched) -> None:
    first = world.enrol(matcher, 1)
    second = world.enrol(matcher, 2)
    watched.during = lambda: matcher.gallery.withdraw(first.subject.id, "user:1")
    assert world.found(matcher, 1) == []
    watched.during = lambda: matcher.gallery.withdraw_consent(second.consent.id, "user:1")
    assert world.found(matcher, 2) == []


# --- what stays ------------------------------------------------------------------------------------------------------


def encodings(vector: Any) -> list[bytes]:
    raw = [vector.astype(kind).tobytes() for kind in ("<f4", ">f4", "<f8", ">f8", "<f2")]
    texts = [base64.b64encode(raw[0][at : at + 48]) for at in (0, 3, 6)]
    texts += [raw[0][:32].hex().encode(), raw[0][:32].hex().upper().encode()]
    texts += [repr(float(vector[0])).encode(), f"{float(vector[0]):.6f}".encode()]
    return [part for whole in raw for part in (whole[:24], whole[100:124])] + texts


def test_a_stranger_leaves_no_byte_on_the_disk(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        probe = world.probe(matcher, 9)
        assert matcher.identifier.identify(probe, world.query()).candidates == ()
        assert not matcher.identifier.verify(probe, world.probe(matcher, 8), world.query()).mated
        open_bytes = world.every_byte()
        with matcher.database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM evidence").scalar_one() == 0
    assert probe.crop
    for everything in (open_bytes, world.every_byte()):
        for vector in (probe.template.vectors["sface"], probe.template.vectors["dlib"]):
            assert not any(needle in everything for needle in encodings(vector))
        # A JPEG's head is alike for all; from its scan on it is this picture's own.
        scan = probe.crop.index(b"\xff\xda")
        assert probe.crop[scan : scan + 40] not in everything
        assert base64.b64encode(probe.crop)[600:640] not in everything


def test_a_match_keeps_its_probe_sealed_and_bound_to_the_commitment(matcher: Matcher, world: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    probe = world.probe(matcher, 1)
    answer = matcher.identifier.identify(probe, world.query())
    with matcher.database.reading() as connection:
        key = matcher.gallery.subject_key(connection, subject_id)
        evidence = read_evidence(connection, answer.request_index, key)
    assert evidence is not None
    assert evidence.crop == probe.crop
    assert np.array_equal(evidence.template.vectors["sface"], probe.template.vectors["sface"])
    assert evidence.commitment == matcher.log.entry(answer.request_index).body["commitment"]
    assert not any(needle in world.every_byte() for needle in encodings(probe.template.vectors["sface"]))
    matcher.gallery.withdraw(subject_id, "user:1")
    with matcher.database.reading() as connection:
        assert read_evidence(connection, answer.request_index, key) is None


def test_the_same_probe_commits_differently_each_time(matcher: Matcher, world: Any) -> None:
    probe = world.probe(matcher, 1)
    for _ in range(3):
        matcher.identifier.identify(probe, world.query())
    commitments = {entry.body["commitment"] for entry in matcher.log.entries(kinds=[EntryKind.REQUEST])}
    assert len(commitments) == 3


def test_searching_while_people_come_and_go(matcher: Matcher, world: Any) -> None:
    """Eight threads search; who is enrolled throughout is always found, who has withdrawn never again."""
    stays = world.enrol(matcher, 1).subject.id
    probes = {person: world.probe(matcher, person) for person in (1, 2)}
    gone: set[str] = set()
    done = threading.Event()

    def search(person: int) -> int:
        count = 0
        while not done.is_set():
            before = set(gone)
            found = matcher.identifier.identify(probes[person], world.query()).candidates
            ids = {candidate.subject_id for candidate in found}
            assert not ids & before
            assert person != 1 or ids == {stays}
            count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        searches = [pool.submit(search, 1 + at % 2) for at in range(8)]
        try:
            for _ in range(8):
                subject_id = world.enrol(matcher, 2).subject.id
                matcher.gallery.withdraw(subject_id, "user:1")
                gone.add(subject_id)
        finally:
            done.set()
        assert sum(one.result() for one in searches) > 8
    assert verified(matcher)
