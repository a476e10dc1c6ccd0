"""Groups that people declare: kept sealed, known to the log by a commitment only, forgotten when they say so."""

from typing import Any

import pytest

from matcher.audit.verification import verify_log
from matcher.consent.errors import ConsentRequiredError
from matcher.log.entry import EntryKind
from matcher.matcher import Matcher
from matcher.people.declaration import Declaration
from matcher.people.errors import (
    DeclarationInvalidError,
    DeclarationUnknownError,
    ErasurePendingError,
    SubjectUnknownError,
    SubjectWithdrawnError,
)
from matcher.store.database import Database
from matcher.store.errors import StoreBusyError

WORDS = {"gender": "womanly-word", "age": "60+"}


def declarations(matcher: Matcher) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in matcher.log.entries(limit=1000, kinds=[EntryKind.DECLARATION])]


def sealed(matcher: Matcher) -> list[bytes]:
    with matcher.database.reading() as connection:
        return [bytes(one) for (one,) in connection.exec_driver_sql("SELECT sealed FROM declaration")]


def test_what_was_declared_is_known_here_and_committed_to_in_the_log(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    made = matcher.declarations.declare(subject, WORDS, "user:1")
    assert matcher.declarations.declaration(subject) == made
    assert matcher.declarations.every() == [made]
    told = {"action": "declared", "subject": subject, "actor": "user:1", "commitment": made.commitment, "agreed": True}
    assert declarations(matcher) == [told]
    assert b"womanly" not in world.every_byte()
    assert Declaration.of_record(made.record) == made
    assert Declaration.of(subject, WORDS).commitment != made.commitment, "the salt is new each time"
    assert verify_log(matcher.database, *matcher.log.verifier_keys).verified


def test_it_is_replaced_and_taken_back_with_no_byte_left(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    matcher.declarations.declare(subject, WORDS, "user:1")
    (first,) = sealed(matcher)
    assert first[20:60] in world.every_byte()
    matcher.declarations.declare(subject, {"age": "18-39"}, "user:1")
    assert first[20:60] not in world.every_byte()
    (made,) = matcher.declarations.every()
    assert dict(made.attributes) == {"age": "18-39"}
    (kept,) = sealed(matcher)
    assert kept[20:60] in world.every_byte()
    matcher.declarations.remove(subject, "user:2")
    assert kept[20:60] not in world.every_byte()
    assert declarations(matcher)[-1] == {"action": "removed", "subject": subject, "actor": "user:2"}
    for nothing in (
        lambda: matcher.declarations.declaration(subject),
        lambda: matcher.declarations.remove(subject, "x"),
    ):
        with pytest.raises(DeclarationUnknownError):
            nothing()
    assert world.found(matcher, 1) == [subject], "they can still be found"


@pytest.mark.parametrize("busy", [False, True])
def test_where_a_reading_is_in_the_way_it_says_so_and_is_done_when_asked_again(
    matcher: Matcher, world: Any, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    def held_up(_: Database) -> bool:
        if busy:
            raise StoreBusyError("The database is busy.", remedy="Wait.")
        return False

    subject, other = world.enrol(matcher, 1).subject.id, world.enrol(matcher, 2).subject.id
    matcher.declarations.declare(subject, WORDS, "user:1")
    (first,) = sealed(matcher)
    monkeypatch.setattr(Database, "truncate_wal", held_up)
    with pytest.raises(ErasurePendingError):
        matcher.declarations.declare(subject, {"age": "18-39"}, "user:1")
    assert [dict(one.attributes) for one in matcher.declarations.every()] == [{"age": "18-39"}], "it is kept"
    with pytest.raises(ErasurePendingError):
        matcher.declarations.remove(subject, "user:1")
    assert matcher.declarations.every() == [] and first[20:60] in world.every_byte()
    with pytest.raises(DeclarationUnknownError):
        matcher.declarations.remove(other, "user:1")
    monkeypatch.undo()
    matcher.declarations.remove(subject, "user:1")
    assert first[20:60] not in world.every_byte()
    assert [one["action"] for one in declarations(matcher)] == ["declared", "declared", "removed"], "logged once"
    with pytest.raises(DeclarationUnknownError):
        matcher.declarations.remove(subject, "user:1")


def test_without_a_consent_nothing_is_declared_or_told(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    made = matcher.declarations.declare(subject, WORDS, "user:1")
    world.clock.move(days=2)  # past every consent
    assert matcher.declarations.every() == []
    assert matcher.declarations.declaration(subject) == made, "the person may still see it"
    with pytest.raises(ConsentRequiredError):
        matcher.declarations.declare(subject, {"age": "18-39"}, "user:1")
    matcher.gallery.grant(subject, world.consent(), "user:1")
    assert matcher.declarations.every() == [made]


def test_a_withdrawal_destroys_it(matcher: Matcher, world: Any) -> None:
    subject = world.enrol(matcher, 1).subject.id
    matcher.declarations.declare(subject, WORDS, "user:1")
    (kept,) = sealed(matcher)
    matcher.gallery.withdraw(subject, "user:1")
    assert matcher.declarations.every() == []
    assert kept[20:60] not in world.every_byte()
    with pytest.raises(SubjectWithdrawnError):
        matcher.declarations.declare(subject, WORDS, "user:1")
    with pytest.raises(SubjectUnknownError):
        matcher.declarations.declare("nobody", WORDS, "user:1")


@pytest.mark.parametrize(
    "attributes",
    [{}, {"": "x"}, {"x": ""}, {"x": " y"}, {"x": "y\n"}, {"x": "y" * 41}, {str(at): "y" for at in range(9)}],
)
def test_what_is_no_short_plain_text_is_refused_and_leaves_nothing(
    matcher: Matcher, world: Any, attributes: dict[str, str]
) -> None:
    subject = world.enrol(matcher, 1).subject.id
    with pytest.raises(DeclarationInvalidError):
        matcher.declarations.declare(subject, attributes, "user:1")
    assert declarations(matcher) == [] and matcher.declarations.every() == []


@pytest.mark.parametrize("record", [None, [], {}, {"subject": 1, "attributes": {"a": "b"}, "salt": ""}, {"salt": "xx"}])
def test_a_record_that_is_none_is_refused(record: Any) -> None:
    with pytest.raises(DeclarationInvalidError):
        Declaration.of_record(record)
