"""A decision of the log made again: equal, different, or impossible, with what shows why."""

import sqlite3
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from matcher.log.entry import EntryKind
from matcher.log.errors import EntryUnknownError, LogUnavailableError
from matcher.log.log import AuditLog
from matcher.matcher import Matcher
from matcher.people.records import template_context
from matcher.recognition.face_model import FaceModel
from matcher.recognition.packed_template import packed
from matcher.recognition.template import Template
from matcher.search.replay import Agreement, ReplayError
from matcher.settings import MatcherSettings
from matcher.store.database import DATABASE_FILE


def identified(matcher: Matcher, world: Any, person: int, **query: Any) -> Any:
    return matcher.identifier.identify(world.probe(matcher, person), world.query(**query))


@pytest.mark.slow
def test_the_same_comes_out_whatever_has_come_since(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1, 1, name="Ann")
    answer = identified(matcher, world, 1)
    world.clock.move(minutes=1)
    world.enrol(matcher, 1, name="Ann once more")  # nearer than anybody, had they been there
    for index in (answer.request_index, answer.outcome_index):
        replay = matcher.replayer.replay(index, actor="user:1", role="auditor")
        assert (replay.verdict, replay.findings, replay.proof) == (Agreement.EQUAL, (), ())
        assert (replay.request_index, replay.outcome_index) == (answer.request_index, answer.outcome_index)
        assert [one.subject_id for one in replay.retold] == [answer.candidates[0].subject_id]
    assert len(identified(matcher, world, 1).candidates) == 2


def test_a_replay_is_in_the_log_before_anything_is_read(
    matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise LogUnavailableError("The log is down.", remedy="Wait.")

    def replays() -> list[Any]:
        return [entry.body for entry in matcher.log.entries(kinds=[EntryKind.LOG_READ])]

    with pytest.raises(EntryUnknownError):
        matcher.replayer.replay(1_000, actor="user:7", role="auditor")
    assert replays() == [{"actor": "user:7", "role": "auditor", "read": {"replay": 1_000}}]
    monkeypatch.setattr(AuditLog, "record", unavailable)
    with pytest.raises(LogUnavailableError):
        matcher.replayer.replay(1_000, actor="user:7", role="auditor")
    assert len(replays()) == 1


@pytest.mark.slow
def test_a_consent_that_ended_since_still_counts_for_then(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    answer = identified(matcher, world, 1)
    world.clock.move(minutes=1)
    matcher.gallery.withdraw_consent(enrolment.consent.id, "user:1")
    assert matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor").verdict is Agreement.EQUAL
    assert identified(matcher, world, 1).candidates == ()


@pytest.mark.slow
def test_what_was_changed_behind_the_log_comes_out(world: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1, name="Ann")
        world.enrol(matcher, 2, name="Bob")
        answer = identified(matcher, world, 1)
        other = identified(matcher, world, 2)
    with closing(sqlite3.connect(world.folder / DATABASE_FILE)) as connection, connection:
        connection.execute("DELETE FROM reference_sample WHERE reference_number = 1")
        connection.execute("DELETE FROM reference WHERE number = 1")
    with world.open() as matcher:
        replay = matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor")
        assert replay.verdict is Agreement.DIFFERENT
        assert replay.findings == (
            "Candidate 1 is not found now.",
            "2 references were in scope at the search, 1 are now.",
        )
        replay = matcher.replayer.replay(other.request_index, actor="user:1", role="auditor")
        assert replay.verdict is Agreement.EQUAL
        assert replay.findings == ("2 references were in scope at the search, 1 are now.",)


def test_a_decision_with_other_weights_cannot_be_made_again(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        answer = identified(matcher, world, 1)
    other = stub.StubRecogniser()
    other.fusion = FaceModel.chosen(fusion="sface=1,dlib=0.25").fusion
    point = stub.POINT.used_with(stub.DIGEST, other.fusion.weights)
    with Matcher.open(
        MatcherSettings(folder=world.folder), recogniser=other, operating_point=point, clock=world.clock
    ) as matcher:
        replay = matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor")
    assert (replay.verdict, "fusion weights other" in replay.findings[0]) == (Agreement.IMPOSSIBLE, True)


def test_templates_of_before_they_had_a_header_are_searched_and_replayed(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before, world.open() as matcher:
        for module in ("matcher.people.records", "matcher.search.evidence"):
            before.setattr(f"{module}.packed", _without_header)
        world.enrol(matcher, 1)
        old = identified(matcher, world, 1)
    with world.open() as matcher:
        assert matcher.gallery.size == 1
        new = identified(matcher, world, 1)
        assert new.candidates == old.candidates
        for answer in (old, new):
            assert (
                matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor").verdict is Agreement.EQUAL
            )


def _without_header(template: Template) -> bytes:
    return np.hstack([template.vectors["sface"], template.vectors["dlib"]]).astype("<f4").tobytes()


def test_what_was_erased_cannot_be_made_again_and_the_log_shows_why(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    answer = identified(matcher, world, 1)
    matcher.gallery.withdraw(subject, "user:1")
    replay = matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor")
    assert replay.verdict is Agreement.IMPOSSIBLE and "has withdrawn" in replay.findings[0]
    assert [matcher.log.entry(index).kind for index in replay.proof] == [EntryKind.WITHDRAWAL, EntryKind.ERASURE]
    assert all(matcher.log.entry(index).body["subject"] == subject for index in replay.proof)


def test_a_probe_that_went_without_a_withdrawal_comes_out(world: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        answer = identified(matcher, world, 1)
    with closing(sqlite3.connect(world.folder / DATABASE_FILE)) as connection, connection:
        connection.execute("DELETE FROM evidence")
    with world.open() as matcher:
        replay = matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor")
        assert replay.verdict is Agreement.DIFFERENT and "no entry shows a withdrawal" in replay.findings[0]


@pytest.mark.slow
def test_references_of_another_model_were_not_in_scope_then_either(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        subject = world.enrol(matcher, 1, 1, name="Ann").subject.id
        reference = matcher.gallery.references(subject)[1]
        with matcher.database.writing() as connection:
            key = matcher.gallery.subject_key(connection, subject)
            sealed = key.seal(packed(stub.template(1)), context=template_context(reference.id, "00" * 32))
            changed = "UPDATE reference SET model_digest = ?, sealed_template = ? WHERE id = ?"
            connection.exec_driver_sql(changed, ("00" * 32, sealed, reference.id))
    with world.open() as matcher:
        answer = identified(matcher, world, 1)
        compared = matcher.identifier.verify(world.probe(matcher, 1), subject, world.query())
        for index in (answer.request_index, compared.request_index):
            replay = matcher.replayer.replay(index, actor="user:1", role="auditor")
            assert (replay.verdict, replay.findings) == (Agreement.EQUAL, ())


def test_an_answer_that_was_full_tells_of_no_more_than_it_could(world: Any) -> None:
    with world.open(candidates=1) as matcher:
        world.enrol(matcher, 1, name="Ann")
        world.enrol(matcher, 1, name="Her twin")
        answer = identified(matcher, world, 1)
        assert len(answer.candidates) == 1
    with world.open() as matcher:
        assert matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor").verdict is Agreement.EQUAL
        assert len(identified(matcher, world, 1).candidates) == 2


@pytest.mark.parametrize("search", ["identify", "verify"])
def test_whom_the_threshold_of_the_request_does_not_let_through_is_not_found(world: Any, search: str) -> None:
    with world.open() as matcher:
        subject = world.enrol(matcher, 1).subject.id
        probe = world.probe(matcher, 1)
        if search == "identify":
            index = matcher.identifier.identify(probe, world.query()).request_index
        else:
            index = matcher.identifier.verify(probe, subject, world.query()).request_index
    with closing(sqlite3.connect(world.folder / DATABASE_FILE)) as connection, connection:
        changed = "UPDATE audit_entry SET data = CAST(replace(data, '\"threshold\":0.5', '\"threshold\":-1') AS BLOB)"
        connection.execute(f'{changed} WHERE "index" = ?', (index,))
    with world.open() as matcher:
        replay = matcher.replayer.replay(index, actor="user:1", role="auditor")
        assert (replay.verdict, replay.findings) == (Agreement.DIFFERENT, ("Candidate 1 is not found now.",))


def test_comparisons_with_one_subject_and_of_two_pictures(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    with_subject = matcher.identifier.verify(world.probe(matcher, 1), subject, world.query())
    assert (
        matcher.replayer.replay(with_subject.request_index, actor="user:1", role="auditor").verdict is Agreement.EQUAL
    )
    two = matcher.identifier.verify(world.probe(matcher, 1), world.probe(matcher, 1), world.query())
    replay = matcher.replayer.replay(two.request_index, actor="user:1", role="auditor")
    assert replay.verdict is Agreement.IMPOSSIBLE and "two pictures" in replay.findings[0]


def test_of_who_was_not_found_nothing_is_kept(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    replay = matcher.replayer.replay(identified(matcher, world, 2).outcome_index, actor="user:1", role="auditor")
    assert replay.verdict is Agreement.IMPOSSIBLE and "found nobody" in replay.findings[0]


def test_what_is_no_decision(matcher: Matcher) -> None:
    with pytest.raises(ReplayError, match="does not belong to a search"):
        matcher.replayer.replay(0, actor="user:1", role="auditor")
    open_request = matcher.log.record(EntryKind.REQUEST, {})
    with pytest.raises(ReplayError, match="came to no decision"):
        matcher.replayer.replay(open_request.index, actor="user:1", role="auditor")
