"""What SQLite selects of an earlier moment is what the consents themselves say of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert

from matcher.consent.consent import Consent
from matcher.consent.rule import ENROLMENT
from matcher.consent.scope import ConsentBook
from matcher.people.records import insert_consent
from matcher.search.past_scope import past_selection
from matcher.store import tables
from matcher.store.database import Database
from tests.empty_folder import empty_folder

UTC_ZONE = ZoneInfo("UTC")
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP = timedelta(microseconds=1)
AROUND = (THEN - STEP, THEN, THEN + STEP)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with Database.open(empty_folder(tmp_path / "data")) as database, database.writing() as connection:
        yield connection


@pytest.fixture
def book() -> ConsentBook:
    return ConsentBook("gallery", 0)


def add(connection: Connection, book: ConsentBook, number: int, *, created_at: datetime = THEN) -> str:
    """A subject with one reference; the subject's id."""
    subject = f"subject-{number}"
    connection.execute(insert(tables.subject).values(id=subject, created_at=created_at))
    row = {"id": f"reference-{number}", "subject_id": subject, "model_digest": "ab" * 32, "sealed_template": b""}
    connection.execute(insert(tables.reference).values(number=number, created_at=created_at, **row))
    book.update(number, references={number: (subject, b"1" * 32)})
    return subject


def consent(number: int, subject: str, **values: object) -> Consent:
    kept: dict[str, object] = {
        "purpose": "demo",
        "cameras": frozenset({"lobby"}),
        "valid_from": THEN,
        "valid_until": THEN + STEP,
        "recorded_at": THEN,
    }
    return Consent(id=f"consent-{number}", subject_id=subject, evidence_digest="", **kept | values)  # type: ignore[arg-type]


def selected(connection: Connection, book: ConsentBook, camera: str) -> set[int]:
    found = past_selection(connection, book.references_of, camera=camera, purpose="demo", moment=THEN, zone=UTC_ZONE)
    return {number for number in range(found.end) if number in found}


@pytest.mark.slow
@pytest.mark.parametrize("camera", ["lobby", "yard", "upload", ENROLMENT, '"lobby"', "lob"])
def test_the_consents_that_cover_a_moment(connection: Connection, book: ConsentBook, camera: str) -> None:
    expected = set()
    cameras = (frozenset({"lobby"}), frozenset({"*"}), frozenset({"yard", "upload"}))
    cases = product(("demo", "other"), cameras, AROUND, AROUND, (None, *AROUND), AROUND)
    for number, (purpose, places, begins, ends, withdrawn, recorded) in enumerate(cases, start=1):
        one = consent(
            number,
            add(connection, book, number),
            purpose=purpose,
            cameras=places,
            valid_from=begins,
            valid_until=ends,
            withdrawn_at=withdrawn,
            recorded_at=recorded,
        )
        insert_consent(connection, one)
        covered = one.covers(camera=camera, purpose="demo", moment=THEN, zone=UTC_ZONE)
        if covered and recorded <= THEN and purpose == "demo":
            expected.add(number)
    assert expected
    assert selected(connection, book, camera) == expected


def test_references_that_came_later(connection: Connection, book: ConsentBook) -> None:
    for number, created_at in enumerate(AROUND, start=1):
        insert_consent(connection, consent(number, add(connection, book, number, created_at=created_at)))
    assert selected(connection, book, "lobby") == {1, 2}


def test_a_reference_that_another_model_made_is_not_in_memory(connection: Connection, book: ConsentBook) -> None:
    insert_consent(connection, consent(1, add(connection, book, 1)))
    insert_consent(connection, consent(2, add(connection, ConsentBook("another", 0), 2)))
    assert selected(connection, book, "lobby") == {1}


def test_nobody_was_there(connection: Connection, book: ConsentBook) -> None:
    assert selected(connection, book, "lobby") == set()
    add(connection, book, 1)
    assert selected(connection, book, "lobby") == set()
