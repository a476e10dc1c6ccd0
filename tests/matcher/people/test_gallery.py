from datetime import timedelta
from typing import Any

import pytest

from matcher.audit.verification import verify_log
from matcher.consent.errors import ConsentExpiredError, ConsentUnknownError
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.people.errors import ErasurePendingError, ReferenceUnknownError, SubjectUnknownError, SubjectWithdrawnError
from matcher.people.records import template_context
from matcher.recognition.packed_template import packed
from matcher.store.database import Database
from matcher.store.sealing import SealingKey


def test_who_was_enrolled_is_there_after_a_restart(world: Any) -> None:
    with world.open() as matcher:
        enrolment = world.enrol(matcher, 1, 1)
        before = matcher.gallery.scope(world.query(), world.clock())
    with world.open() as matcher:
        assert [subject.name for subject in matcher.gallery.subjects()] == ["Ann"]
        assert matcher.gallery.subject(enrolment.subject.id) == enrolment.subject
        assert matcher.gallery.consents(enrolment.subject.id) == [enrolment.consent]
        assert world.found(matcher, 1) == [enrolment.subject.id]
        assert world.found(matcher, 2) == []
        after = matcher.gallery.scope(world.query(), world.clock())
        assert (after.content_hash, after.revision, after.gallery_id) == (
            before.content_hash,
            before.revision,
            before.gallery_id,
        )
        assert after.selection.bits.tolist() == before.selection.bits.tolist()


def test_a_reference_keeps_template_quality_and_picture(matcher: Matcher, world: Any, stub: Any) -> None:
    enrolment = world.enrol(matcher, 3)
    reference = matcher.gallery.references(enrolment.subject.id)[0]
    (change,) = matcher.gallery.changes(0)
    assert change.added is not None and change.added.ids == [reference.id]
    context = template_context(reference.id, reference.model_digest)
    assert SealingKey(change.added.key).open(change.added.sealed[0], context=context) == packed(stub.template(3))
    assert repr(change.added.key) not in repr(change)
    assert reference.quality.eye_distance == 60
    assert matcher.gallery.reference_picture(reference.id).startswith(b"\xff\xd8")


def test_names_are_read_all_at_once(matcher: Matcher, world: Any) -> None:
    ann, bob = (world.enrol(matcher, person, name=name).subject.id for person, name in ((1, "Ann"), (2, "Bob")))
    gone = world.enrol(matcher, 3, name="Cas").subject.id
    matcher.gallery.withdraw(gone, "user:1")
    assert matcher.gallery.names([ann, bob, gone, "nobody"]) == {ann: "Ann", bob: "Bob", gone: None}
    assert matcher.gallery.names([]) == {}


def test_a_consent_opens_and_closes_the_search(matcher: Matcher, world: Any) -> None:
    now = world.clock()
    subject_id = world.enrol(
        matcher, 1, cameras=frozenset({"lobby"}), purpose="demo", valid_until=now + timedelta(hours=1)
    ).subject.id
    assert world.found(matcher, 1) == [subject_id]
    assert world.found(matcher, 1, camera="garage") == []
    assert world.found(matcher, 1, camera="upload") == []
    assert world.found(matcher, 1, purpose="other") == []
    later = world.consent(
        purpose="demo",
        cameras=frozenset({"*"}),
        valid_from=now + timedelta(hours=2),
        valid_until=now + timedelta(hours=3),
    )
    matcher.gallery.grant(subject_id, later, "user:1")
    world.clock.move(hours=1, microseconds=-1)
    assert world.found(matcher, 1) == [subject_id]
    world.clock.move(microseconds=1)
    assert world.found(matcher, 1) == []
    world.clock.move(hours=1)
    assert world.found(matcher, 1, camera="garage") == [subject_id]
    world.clock.move(hours=1)
    assert world.found(matcher, 1) == []


def test_withdrawing_one_consent_leaves_the_others(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    other = matcher.gallery.grant(enrolment.subject.id, world.consent(purpose="staff"), "user:1")
    record = matcher.gallery.withdraw_consent(enrolment.consent.id, "user:1")
    assert record.withdrawn_at == world.clock()
    assert world.found(matcher, 1) == []
    assert world.found(matcher, 1, purpose="staff") == [enrolment.subject.id]
    size = matcher.log.size()
    assert matcher.gallery.withdraw_consent(enrolment.consent.id, "user:1") == record
    assert matcher.log.size() == size
    matcher.gallery.withdraw_consent(other.id, "user:1")
    assert world.found(matcher, 1, purpose="staff") == []


def test_a_withdrawn_consent_does_not_come_back_when_the_clock_steps_back(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    world.clock.move(seconds=10)
    matcher.gallery.withdraw_consent(enrolment.consent.id, "user:1")
    world.clock.move(seconds=-1.5)
    assert world.found(matcher, 1) == []


def test_withdrawal_leaves_no_byte(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        stays = world.enrol(matcher, 5, name="Bob").subject.id
        gone = world.enrol(matcher, 1, 1).subject.id
        with matcher.database.reading() as connection:
            secrets = [
                bytes(value)
                for (value,) in connection.exec_driver_sql(
                    "SELECT sealed_template FROM reference WHERE subject_id = :id "
                    "UNION SELECT sealed_picture FROM reference_sample JOIN reference "
                    "ON number = reference_number WHERE subject_id = :id "
                    "UNION SELECT wrapped FROM subject_key WHERE subject_id = :id "
                    "UNION SELECT sealed_name FROM subject WHERE id = :id",
                    {"id": gone},
                )
            ]
        assert len(secrets) == 6
        assert all(secret[20:60] in world.every_byte() for secret in secrets)
        matcher.gallery.withdraw(gone, "user:1")
        left = world.every_byte()
        assert not any(secret[at : at + 24] in left for secret in secrets for at in range(0, len(secret) - 24, 16))
        assert world.found(matcher, 1) == []
        assert world.found(matcher, 5) == [stays]
        assert packed(stub.template(1)) not in left
    with world.open() as matcher:
        assert world.found(matcher, 1) == []
        assert [subject.id for subject in matcher.gallery.subjects()] == [stays]


def test_what_is_left_of_somebody_who_withdrew(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    subject_id = enrolment.subject.id
    matcher.gallery.withdraw(subject_id, "user:1")
    left = matcher.gallery.subjects(withdrawn=True)
    assert [(subject.id, subject.name) for subject in left] == [(subject_id, None)]
    assert left[0].withdrawn_at is not None
    assert matcher.gallery.references(subject_id) == []
    assert matcher.gallery.consents(subject_id)[0].withdrawn_at is not None
    with pytest.raises(ReferenceUnknownError):
        matcher.gallery.reference_picture(enrolment.references[0])
    with pytest.raises(SubjectWithdrawnError):
        matcher.gallery.withdraw(subject_id, "user:1")
    with pytest.raises(SubjectWithdrawnError):
        matcher.gallery.grant(subject_id, world.consent(), "user:1")
    kinds = [entry.kind for entry in matcher.log.entries()]
    assert kinds[-2:] == [EntryKind.WITHDRAWAL, EntryKind.ERASURE]
    assert verify_log(matcher.database, matcher.log.verifier_key).verified


def test_a_long_reading_delays_the_erasure_but_not_the_withdrawal(world: Any, monkeypatch: Any) -> None:
    with world.open() as matcher:
        subject_id = world.enrol(matcher, 1).subject.id
        monkeypatch.setattr(Database, "truncate_wal", lambda _: False)
        with pytest.raises(ErasurePendingError):
            matcher.gallery.withdraw(subject_id, "user:1")
        assert world.found(matcher, 1) == []
        assert matcher.log.entries(kinds=[EntryKind.ERASURE]) == []
        monkeypatch.undo()
    with world.open() as matcher:
        assert len(matcher.log.entries(kinds=[EntryKind.ERASURE])) == 1


def test_a_reader_in_the_way_is_noticed(world: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        matcher.database._busy_seconds = 0.2
        with Database.open_read_only(world.folder) as reader, reader.reading() as connection:
            connection.exec_driver_sql("SELECT * FROM gallery").all()
            subject_id = world.enrol(matcher, 2).subject.id
            with pytest.raises(ErasurePendingError):
                matcher.gallery.withdraw(subject_id, "user:1")
            assert world.found(matcher, 2) == []
        matcher.gallery.withdraw(subject_id, "user:1")
        assert matcher.log.entries(0, 1, newest_first=True)[0].kind is EntryKind.ERASURE


def test_a_reader_does_not_keep_the_service_from_starting(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Database, "truncate_wal", lambda _: False)
    with world.open() as matcher:
        first, second = world.enrol(matcher, 1).subject.id, world.enrol(matcher, 2).subject.id
        with pytest.raises(ErasurePendingError):
            matcher.gallery.withdraw(first, "user:1")
    with world.open() as matcher:
        assert world.found(matcher, 2) == [second]
        assert matcher.log.entries(kinds=[EntryKind.ERASURE]) == []
        monkeypatch.undo()
        matcher.gallery.withdraw(second, "user:1")
        erased = [entry.body["subject"] for entry in matcher.log.entries(kinds=[EntryKind.ERASURE])]
        assert sorted(erased) == sorted([first, second])


def test_withdrawal_takes_the_evidence_of_searches_that_named_somebody_else_first(matcher: Matcher, world: Any) -> None:
    first, second, other = (world.enrol(matcher, person).subject.id for person in (1, 1, 2))
    assert world.found(matcher, 1) == [first, second]
    assert world.found(matcher, 2) == [other]

    def kept() -> list[str]:
        with matcher.database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT subject_id FROM evidence ORDER BY request_index")
            return list(rows.scalars())

    assert kept() == [first, other]
    matcher.gallery.withdraw(second, "user:1")
    assert kept() == [other]


@pytest.mark.parametrize("subject_id", ["", "nobody", "' OR 1=1 --", "../../etc/passwd"])
def test_unknown_ids(matcher: Matcher, world: Any, subject_id: str) -> None:
    gallery = matcher.gallery
    for call in (gallery.subject, gallery.consents, gallery.references):
        with pytest.raises(SubjectUnknownError):
            call(subject_id)
    with pytest.raises(SubjectUnknownError):
        gallery.withdraw(subject_id, "user:1")
    with pytest.raises(SubjectUnknownError):
        gallery.grant(subject_id, world.consent(), "user:1")
    with pytest.raises(ConsentUnknownError):
        gallery.withdraw_consent(subject_id, "user:1")
    with pytest.raises(ReferenceUnknownError):
        gallery.reference_picture(subject_id)


def test_an_expired_consent_is_not_recorded(matcher: Matcher, world: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    with pytest.raises(ConsentExpiredError):
        matcher.gallery.grant(
            subject_id, world.consent(valid_from=world.clock() - timedelta(2), valid_until=world.clock()), "user:1"
        )


def test_the_content_hash_names_each_state(matcher: Matcher, world: Any) -> None:
    def state() -> str:
        return matcher.gallery.scope(world.query(), world.clock()).content_hash

    seen = [state()]
    enrolment = world.enrol(matcher, 1)
    seen.append(state())
    consent = matcher.gallery.grant(enrolment.subject.id, world.consent(purpose="staff"), "user:1")
    seen.append(state())
    assert state() == seen[-1]
    matcher.gallery.withdraw_consent(consent.id, "user:1")
    seen.append(state())
    matcher.gallery.withdraw(enrolment.subject.id, "user:1")
    assert len(set(seen)) == 4
    assert state() == seen[0]


def test_references_of_another_model_are_kept_but_never_searched(world: Any) -> None:
    with world.open() as matcher:
        world.enrol(matcher, 1)
        with matcher.database.writing() as connection:
            connection.exec_driver_sql("UPDATE reference SET model_digest = 'another'")
    with world.open() as matcher:
        assert matcher.gallery.stale == 1
        assert world.found(matcher, 1) == []
