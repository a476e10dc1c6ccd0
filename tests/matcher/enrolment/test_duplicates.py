"""One person under two names: met at the enrolment, asked about, and written down."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from matcher.audit.searches import Ending, SearchFilter, searches
from matcher.audit.unusual import UnusualRules, unusual
from matcher.audit.verification import verify_log
from matcher.consent.errors import ConsentInvalidError
from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK
from matcher.enrolment.enrolment import Enrolment, Picture
from matcher.enrolment.errors import LikelyDuplicateError
from matcher.log.entry import EntryKind
from matcher.log.schema import violation
from matcher.matcher import Matcher
from matcher.search.replay import Agreement
from matcher.store import tables


def enrol(matcher: Matcher, world: Any, stub: Any, person: int, *acknowledged: str, **consent: Any) -> Enrolment:
    return matcher.enroller.enrol(
        name="Bob",
        pictures=[Picture(label="a", data=stub.picture(person))],
        consent=world.consent(**consent),
        actor="user:1",
        role="operator",
        acknowledged=acknowledged,
    )


def add(matcher: Matcher, stub: Any, subject_id: str, person: int, *acknowledged: str) -> Enrolment:
    pictures = [Picture(label="b", data=stub.picture(person))]
    return matcher.enroller.add_pictures(subject_id, pictures, "user:1", role="operator", acknowledged=acknowledged)


def enrolled(matcher: Matcher) -> list[str]:
    return [subject.id for subject in matcher.gallery.subjects(withdrawn=True)]


def kept(matcher: Matcher) -> int:
    """How many probes were kept."""
    with matcher.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.evidence)).scalar_one())


def test_somebody_enrolled_for_another_purpose_is_met(matcher: Matcher, world: Any, stub: Any) -> None:
    first = enrol(matcher, world, stub, 1, purpose="door", cameras=frozenset({"lobby"})).subject.id
    revision = matcher.gallery.revision
    with pytest.raises(LikelyDuplicateError) as caught:
        enrol(matcher, world, stub, 1, purpose="canteen")
    [found] = caught.value.check.duplicates
    assert (found.subject_id, round(found.dissimilarity, 6)) == (first, 0.0)
    assert found.reference_id == matcher.gallery.references(first)[0].id
    assert first in caught.value.message and "Bob" not in str(caught.value)
    assert (enrolled(matcher), matcher.gallery.revision) == ([first], revision)

    second = enrol(matcher, world, stub, 1, first, purpose="canteen")
    assert set(enrolled(matcher)) == {first, second.subject.id}
    # Nothing but the check looks beyond purpose and camera.
    assert world.found(matcher, 1, camera="lobby", purpose="door") == [first]
    assert world.found(matcher, 1, camera="upload", purpose=ENROLMENT_CHECK) == []


def test_the_check_is_a_logged_search_that_an_auditor_understands(matcher: Matcher, world: Any, stub: Any) -> None:
    first = enrol(matcher, world, stub, 1).subject.id
    second = enrol(matcher, world, stub, 1, first).subject.id
    checks = searches(matcher.database, SearchFilter(camera=ENROLMENT, purpose=ENROLMENT_CHECK))
    assert [(one.actor, one.role, one.ending, one.in_scope, one.subject) for one in checks] == [
        ("user:1", "operator", Ending.FOUND, 1, first),
        ("user:1", "operator", Ending.NOBODY, 0, None),
    ]
    assert [one.request_index for one in searches(matcher.database, SearchFilter(subject=first))] == [
        checks[0].request_index
    ]
    bodies = [entry.body for entry in matcher.log.entries(kinds=[EntryKind.ENROLMENT])]
    assert [(one["subject"], one["checks"], one["acknowledged"]) for one in bodies] == [
        (first, [checks[1].request_index], []),
        (second, [checks[0].request_index], [first]),
    ]
    replay = matcher.replayer.replay(checks[0].request_index, actor="user:1", role="auditor")
    assert (replay.verdict, len(replay.findings)) == (Agreement.IMPOSSIBLE, 1)
    assert "check at an enrolment" in replay.findings[0]
    assert [violation(entry.data) for entry in matcher.log.entries()] == [None] * matcher.log.size()
    assert verify_log(matcher.database, matcher.log.verifier_key).verified


def test_an_auditor_sees_second_names_and_checks_without_an_enrolment(matcher: Matcher, world: Any, stub: Any) -> None:
    now = world.clock()

    def seen() -> dict[str, int]:
        found = unusual(
            matcher.database,
            UnusualRules(zone=now.tzinfo),
            since=now - timedelta(days=1),
            until=now + timedelta(days=1),
        )
        return {one.code: one.count for one in found}

    first = enrol(matcher, world, stub, 1).subject.id
    for _ in range(5):
        add(matcher, stub, first, 1)
    assert seen() == {}, "an enrolment's own checks are nothing unusual"
    with pytest.raises(LikelyDuplicateError):
        enrol(matcher, world, stub, 1)
    assert seen() == {"check_without_enrolment": 1}
    enrol(matcher, world, stub, 1, first)
    assert seen() == {"second_name": 1}
    world.clock.move(minutes=1)
    with pytest.raises(LikelyDuplicateError):
        enrol(matcher, world, stub, 1)
    assert seen() == {"second_name": 1, "check_without_enrolment": 1}, "an acknowledgement explains nothing after it"
    add(matcher, stub, first, 1, *enrolled(matcher))
    assert "check_without_enrolment" not in seen(), "the pictures were added to the person found"


def test_each_subject_is_acknowledged_by_its_id(matcher: Matcher, world: Any, stub: Any) -> None:
    first = enrol(matcher, world, stub, 1).subject.id
    second = enrol(matcher, world, stub, 1, first).subject.id
    for acknowledged in ((), (first,), (second,), ("*", "all")):
        with pytest.raises(LikelyDuplicateError) as caught:
            enrol(matcher, world, stub, 1, *acknowledged)
        assert set(caught.value.check.subjects) == {first, second} - set(acknowledged)
    enrol(matcher, world, stub, 1, first, second, "somebody who is not like them")
    assert matcher.log.entries(kinds=[EntryKind.ENROLMENT])[-1].body["acknowledged"] == [first, second]


def test_a_stranger_is_enrolled_without_a_question(matcher: Matcher, world: Any, stub: Any) -> None:
    enrol(matcher, world, stub, 1)
    assert enrol(matcher, world, stub, 2).accepted == ("a",)


def test_no_probe_of_a_check_is_kept_whatever_it_found(matcher: Matcher, world: Any, stub: Any) -> None:
    """It would lie under the key of whom it found, and outlast the withdrawal of whose face it is."""
    first = enrol(matcher, world, stub, 1).subject.id
    with pytest.raises(LikelyDuplicateError):
        enrol(matcher, world, stub, 1)
    enrol(matcher, world, stub, 1, first)
    assert kept(matcher) == 0


def test_nobody_is_compared_without_a_consent_in_force(matcher: Matcher, world: Any, stub: Any) -> None:
    ended = enrol(matcher, world, stub, 1)
    matcher.gallery.withdraw_consent(ended.consent.id if ended.consent else "", "user:1")
    gone = enrol(matcher, world, stub, 1)
    matcher.gallery.withdraw(gone.subject.id, "user:1")
    enrol(matcher, world, stub, 1, valid_until=world.clock() + timedelta(hours=1))
    world.clock.move(hours=1)
    assert enrol(matcher, world, stub, 1).accepted == ("a",)


def test_pictures_that_are_added_are_checked_too(world: Any, stub: Any) -> None:
    with world.open(candidates=1) as matcher:  # what searches tell of at most, and the person's own hides nobody
        first = enrol(matcher, world, stub, 1).subject.id
        assert add(matcher, stub, first, 1).accepted == ("b",)
        second = enrol(matcher, world, stub, 1, first).subject.id
        for one, other in ((first, second), (second, first)):
            count = len(matcher.gallery.references(one))
            with pytest.raises(LikelyDuplicateError) as caught:
                add(matcher, stub, one, 1)
            assert caught.value.check.subjects == (other,)
            assert len(matcher.gallery.references(one)) == count
            assert add(matcher, stub, one, 1, other).accepted == ("b",)


def test_two_enrolments_of_one_person_at_once_meet_each_other(matcher: Matcher, world: Any, stub: Any) -> None:
    def attempt(_: int) -> bool:
        try:
            enrol(matcher, world, stub, 1)
        except LikelyDuplicateError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, range(4))) == [False, False, False, True]


def test_no_consent_is_for_the_check_alone(matcher: Matcher, world: Any, stub: Any) -> None:
    for change in ({"purpose": ENROLMENT_CHECK}, {"cameras": frozenset({"lobby", ENROLMENT})}):
        with pytest.raises(ConsentInvalidError, match="the check at an enrolment"):
            enrol(matcher, world, stub, 1, **change)


def test_one_of_several_faces_is_chosen(matcher: Matcher, world: Any, stub: Any) -> None:
    pictures = [Picture(label=str(face), data=stub.picture(1, faces=2), face=face) for face in (None, 2, 3, 0)]
    enrolment = matcher.enroller.enrol(name="Ann", pictures=pictures, consent=world.consent(), actor="user:1")
    assert enrolment.accepted == ("2",)
    assert [(one.label, one.code) for one in enrolment.refused] == [
        ("None", "several_faces"),
        ("3", "face_unknown"),
        ("0", "face_unknown"),
    ]
    for one in enrolment.refused:
        assert one.listing is not None
        assert [(face.index, face.box.width, face.reasons) for face in one.listing.faces] == [(1, 24, ()), (2, 24, ())]


def test_a_slot_is_held_for_each_picture_and_not_between(matcher: Matcher, world: Any, stub: Any) -> None:
    steps: list[str] = []

    @contextmanager
    def looking() -> Iterator[None]:
        steps.append("taken")
        yield
        steps.append("free")

    matcher.enroller.enrol(
        name="Ann",
        pictures=[Picture(label=str(place), data=stub.picture(1)) for place in range(3)],
        consent=world.consent(),
        actor="user:1",
        progress=lambda done, of: steps.append(f"{done} of {of}"),
        looking=looking,
    )
    assert steps == ["taken", "free", "1 of 3", "taken", "free", "2 of 3", "taken", "free", "3 of 3"]
