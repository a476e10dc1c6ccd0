import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.audit.verification import verify_log
from matcher.consent.consent import NewConsent
from matcher.consent.errors import ConsentExpiredError, ConsentInvalidError, ConsentRequiredError
from matcher.consent.rule import ANY_CAMERA
from matcher.enrolment.enrolment import MAX_PICTURES, Picture
from matcher.enrolment.errors import EnrolmentError
from matcher.enrolment.same_person import one_person
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.people.errors import SubjectUnknownError, SubjectWithdrawnError
from matcher.process.child_process import environment
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.settings import MatcherSettings


def test_every_refused_picture_gets_its_reason(matcher: Matcher, world: Any, stub: Any) -> None:
    steps: list[tuple[int, int]] = []
    pictures = {
        "good": stub.picture(1),
        "nobody": stub.picture(1, faces=0),
        "two": stub.picture(1, faces=2),
        "dark": stub.picture(1, bright=5),
        "text": b"hello",
        "cut": stub.picture(1)[:60],
        "also good": stub.picture(1),
    }
    enrolment = matcher.enroller.enrol(
        name="Ann",
        pictures=[Picture(label=label, data=data) for label, data in pictures.items()],
        consent=world.consent(),
        actor="cli:test",
        progress=lambda done, of: steps.append((done, of)),
    )
    assert enrolment.accepted == ("good", "also good")
    assert {picture.label: picture.code for picture in enrolment.refused} == {
        "nobody": "no_face",
        "two": "several_faces",
        "dark": "face_quality",
        "text": "image_format",
        "cut": "image_broken",
    }
    assert all(picture.message and picture.remedy for picture in enrolment.refused)
    assert steps == [(at, 7) for at in range(1, 8)]
    references = matcher.gallery.references(enrolment.subject.id)
    assert tuple(reference.id for reference in references) == enrolment.references
    assert world.found(matcher, 1) == [enrolment.subject.id]


def test_nothing_is_written_if_no_picture_is_good(matcher: Matcher, world: Any, stub: Any) -> None:
    size = matcher.log.size()
    with pytest.raises(EnrolmentError, match="None of the 2"):
        matcher.enroller.enrol(
            name="Ann",
            pictures=[Picture(label="a", data=b"x"), Picture(label="b", data=stub.picture(1, faces=0))],
            consent=world.consent(),
            actor="cli:test",
        )
    assert matcher.gallery.subjects(withdrawn=True) == []
    assert (matcher.log.size(), matcher.gallery.revision) == (size, 0)


@pytest.mark.parametrize("count", [0, MAX_PICTURES + 1])
def test_too_few_or_too_many_pictures(matcher: Matcher, world: Any, count: int) -> None:
    with pytest.raises(EnrolmentError, match="taken at once"):
        matcher.enroller.enrol(
            name="Ann", pictures=[Picture(label="a", data=b"")] * count, consent=world.consent(), actor="cli:test"
        )


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("x" * 201, "is longer"),
        ("a\nb", "U\\+000A"),
        ("a\x00", "U\\+0000"),
        ("Ann\u202enaeJ", r"U\+202E \(right-to-left override\)"),
    ],
)
def test_malformed_names(matcher: Matcher, world: Any, name: str, fault: str) -> None:
    with pytest.raises(EnrolmentError, match=f"The name .*{fault}"):
        world.enrol(matcher, 1, name=name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" Ann\n", "Ann"), ("Jose\u0301", "Jos\u00e9"), ("می\u200cخواهم", "می\u200cخواهم"), ("Jean\u00a0Luc",) * 2],
)
def test_names_are_kept_trimmed_and_composed(matcher: Matcher, world: Any, name: str, kept: str) -> None:
    subject = world.enrol(matcher, 1, name=name).subject
    assert subject.name == matcher.gallery.subject(subject.id).name == kept


def test_nobody_is_enrolled_without_an_active_consent(matcher: Matcher, world: Any, stub: Any) -> None:
    now = world.clock()
    with pytest.raises(ConsentRequiredError):
        matcher.enroller.enrol(
            name="Ann", pictures=[Picture(label="a", data=stub.picture(1))], consent=None, actor="cli:test"
        )
    with pytest.raises(ConsentExpiredError):
        world.enrol(matcher, 1, valid_from=now - timedelta(days=2), valid_until=now)
    with pytest.raises(ConsentRequiredError, match="not active yet"):
        world.enrol(matcher, 1, valid_from=now + timedelta(seconds=1))
    assert matcher.gallery.subjects(withdrawn=True) == []
    assert world.found(matcher, 1) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": ""},
        {"purpose": "a\tb"},
        {"cameras": frozenset()},
        {"cameras": frozenset({""})},
        {"cameras": frozenset(str(at) for at in range(201))},
        {"evidence_digest": "AB" * 32},
        {"evidence_digest": "ab" * 31},
    ],
)
def test_incomplete_consents(matcher: Matcher, world: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ConsentInvalidError):
        world.enrol(matcher, 1, **changes)


def test_a_consent_that_contradicts_itself(matcher: Matcher, world: Any) -> None:
    now = world.clock()
    for changes in (
        {"valid_from": now, "valid_until": now},
        {"valid_until": (now + timedelta(days=1)).replace(tzinfo=None)},
        {"valid_from": now.replace(tzinfo=None)},
        {"valid_from": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))},
        {"valid_until": datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))},
    ):
        with pytest.raises(ConsentInvalidError):
            world.enrol(matcher, 1, **changes)


def test_more_pictures_of_somebody_who_is_there(matcher: Matcher, world: Any, stub: Any) -> None:
    subject_id = world.enrol(matcher, 1).subject.id
    more = [Picture(label="c", data=stub.picture(1)), Picture(label="d", data=b"x")]
    added = matcher.enroller.add_pictures(subject_id, more, "cli:test")
    assert (added.accepted, len(added.refused), len(added.references)) == (("c",), 1, 1)
    assert len(matcher.gallery.references(subject_id)) == 2
    with pytest.raises(EnrolmentError):
        matcher.enroller.add_pictures(subject_id, more[1:], "cli:test")
    with pytest.raises(SubjectUnknownError):
        matcher.enroller.add_pictures("nobody", more, "cli:test")
    matcher.gallery.withdraw_consent(matcher.gallery.consents(subject_id)[0].id, "cli:test")
    with pytest.raises(ConsentRequiredError):
        matcher.enroller.add_pictures(subject_id, more, "cli:test")
    matcher.gallery.withdraw(subject_id, "cli:test")
    with pytest.raises(SubjectWithdrawnError):
        matcher.enroller.add_pictures(subject_id, more, "cli:test")


def test_no_picture_is_looked_at_without_a_consent(matcher: Matcher, world: Any, stub: Any, monkeypatch: Any) -> None:
    enrolment = world.enrol(matcher, 1)
    matcher.gallery.withdraw_consent(enrolment.consent.id, "cli:test")

    def looked(*_: Any) -> None:
        raise AssertionError("a picture was looked at")

    monkeypatch.setattr(matcher.sampler, "sample", looked)
    with pytest.raises(ConsentExpiredError):
        world.enrol(matcher, 1, valid_from=world.clock() - timedelta(days=2), valid_until=world.clock())
    with pytest.raises(ConsentRequiredError):
        world.enrol(matcher, 1, valid_from=world.clock() + timedelta(seconds=1))
    with pytest.raises(ConsentInvalidError):
        world.enrol(matcher, 1, purpose="")
    with pytest.raises(ConsentRequiredError):
        matcher.enroller.add_pictures(enrolment.subject.id, [Picture(label="a", data=stub.picture(1))], "cli:test")


def test_pictures_of_somebody_else_are_refused(matcher: Matcher, world: Any, stub: Any) -> None:
    enrolment = world.enrol(matcher, 1, 2)
    assert enrolment.accepted == ("0.png",)
    assert [(picture.label, picture.code) for picture in enrolment.refused] == [("1.png", "different_person")]
    assert world.found(matcher, 2) == []
    entry = matcher.log.entries(kinds=[EntryKind.ENROLMENT])[0]
    assert entry.body["refused"] == {"different_person": 1}
    more = [Picture(label=str(person), data=stub.picture(person)) for person in (2, 2, 1)]
    added = matcher.enroller.add_pictures(enrolment.subject.id, more, "cli:test")
    assert (added.accepted, len(added.refused)) == (("1",), 2)
    with pytest.raises(EnrolmentError, match="not like"):
        matcher.enroller.add_pictures(enrolment.subject.id, more[:2], "cli:test")


def test_where_a_new_persons_pictures_disagree_most_of_them_decide(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 2, 1, 1)
    assert enrolment.accepted == ("1.png", "2.png")
    assert world.found(matcher, 2) == []


def test_from_one_picture_to_the_next_is_like_enough(stub: Any) -> None:
    """A chain: each is like its neighbours, the ends are not like each other."""
    one = stub.template(1)
    chain = [stub.changed(one, dlib=one.vectors["dlib"] + np.float32(at * 0.05)) for at in range(4)]
    apart = DEFAULT_FUSION.compare(chain[0], chain[1]).fused
    assert DEFAULT_FUSION.compare(chain[0], chain[3]).fused > 2 * apart
    templates = [chain[2], stub.template(2), chain[1], chain[0]]
    for known in (None, [0]):
        assert one_person(templates, known=known, fusion=DEFAULT_FUSION, threshold=apart * 1.01) == {0, 2, 3}
    assert one_person(templates, known=[], fusion=DEFAULT_FUSION, threshold=apart * 1.01) == set()
    assert one_person([], known=None, fusion=DEFAULT_FUSION, threshold=1.0) == set()


def test_the_log_tells_of_it_without_the_name(matcher: Matcher, world: Any) -> None:
    enrolment = world.enrol(matcher, 1, name="Canary Birdsong")
    entry = matcher.log.entries(kinds=[EntryKind.ENROLMENT])[0]
    assert entry.body["subject"] == enrolment.subject.id
    assert entry.body["references"] == list(enrolment.references)
    assert entry.body["consent"]["evidence_commitment"] != "ab" * 32
    matcher.close()
    assert b"Canary" not in world.every_byte()


KILLED = """
import os, pathlib, signal, sys
from tests.matcher.stub import World
world = World(pathlib.Path(sys.argv[1]))
matcher = world.open()
world.enrol(matcher, 1)
append, left = matcher.log.append, int(sys.argv[2])
def killing(connection, kind, body):
    entry = append(connection, kind, body)
    os.kill(os.getpid(), signal.SIGKILL)
    return entry
matcher.log.append = killing
world.enrol(matcher, 2, 2)
"""


@pytest.mark.slow
def test_killed_in_the_middle_nothing_of_it_is_there(world: Any) -> None:
    """At the latest moment: every row and the log entry are written, only the commit is missing."""
    child = subprocess.run(
        [sys.executable, "-c", KILLED, world.folder, "0"],
        capture_output=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    with world.open() as matcher:
        assert len(matcher.gallery.subjects(withdrawn=True)) == 1
        assert len(world.found(matcher, 1)) == 1
        assert world.found(matcher, 2) == []
        assert verify_log(matcher.database, matcher.log.verifier_key).verified
        world.enrol(matcher, 2)
        assert len(world.found(matcher, 2)) == 1


@pytest.mark.slow
def test_real_faces_from_end_to_end(recogniser: Any, astronaut_jpeg: bytes, world: Any, tmp_path: Path) -> None:
    with Matcher.open(MatcherSettings(folder=tmp_path / "real"), recogniser=recogniser) as matcher:
        consent = NewConsent(
            purpose="demo",
            cameras=frozenset({ANY_CAMERA}),
            valid_until=matcher.clock() + timedelta(days=1),
            evidence_digest="ab" * 32,
        )
        enrolment = matcher.enroller.enrol(
            name="Eileen", pictures=[Picture(label="a", data=astronaut_jpeg)], consent=consent, actor="cli:test"
        )
        answer = matcher.identifier.identify(matcher.probe(astronaut_jpeg), world.query())
        assert [candidate.subject_id for candidate in answer.candidates] == [enrolment.subject.id]
        assert answer.candidates[0].dissimilarity < 0.01
