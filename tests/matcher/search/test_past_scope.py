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
from matcher.people.records import insert_consent
from matcher.search.past_scope import past_selection
from matcher.store import tables
from matcher.store.database import Database

UTC_ZONE = ZoneInfo("UTC")
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP = timedelta(microseconds=1)
MODEL = "ab" * 32
AROUND = (THEN - STEP, THEN, THEN + STEP)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with Database.open(tmp_path / "data") as database, database.writing() as connection:
        yield connection


def add(connection: Connection, number: int, *, created_at: datetime = THEN, model: str = MODEL) -> str:
    """A subject with one reference; the subject's id."""
    subject = f"subject-{number}"
    connection.execute(insert(tables.subject).values(id=subject, created_at=created_at))
    row = {"id": f"reference-{number}", "subject_id": subject, "model_digest": model, "sealed_template": b""}
    connection.execute(insert(tables.reference).values(number=number, created_at=created_at, **row))
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


def selected(connection: Connection, camera: str) -> set[int]:
    found = past_selection(connection, camera=camera, purpose="demo", moment=THEN, zone=UTC_ZONE, model_digest=MODEL)
    return {number for number in range(found.end) if number in found}


@pytest.mark.slow
@pytest.mark.parametrize("camera", ["lobby", "yard", "upload", ENROLMENT, '"lobby"', "lob"])
def test_the_consents_that_cover_a_moment(connection: Connection, camera: str) -> None:
    expected = set()
    cameras = (frozenset({"lobby"}), frozenset({"*"}), frozenset({"yard", "upload"}))
    cases = product(("demo", "other"), cameras, AROUND, AROUND, (None, *AROUND), AROUND)
    for number, (purpose, places, begins, ends, withdrawn, recorded) in enumerate(cases, start=1):
        one = consent(
            number,
            add(connection, number),
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
    assert selected(connection, camera) == expected


def test_references_that_came_later_or_are_of_another_model(connection: Connection) -> None:
    for number, (created_at, model) in enumerate(product(AROUND, (MODEL, "cd" * 32)), start=1):
        insert_consent(connection, consent(number, add(connection, number, created_at=created_at, model=model)))
    assert selected(connection, "lobby") == {1, 3}


def test_nobody_was_there(connection: Connection) -> None:
    assert selected(connection, "lobby") == set()
    add(connection, 1)
    assert selected(connection, "lobby") == set()
