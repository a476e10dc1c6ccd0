"""The consent rule by its table; and columns, SQL and exposure against the rule, with clocks that are put forward."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from matcher.consent.consent import Consent
from matcher.consent.consents import Consents, microseconds, moment_at
from matcher.consent.errors import ConsentInvalidError
from matcher.consent.hours import Hours, hours_json, hours_of, hours_text, ordered, parse_hours
from matcher.consent.rule import ConsentState, Week, offset_around
from matcher.consent.scope import ConsentBook
from matcher.consent.terms import Terms
from matcher.evaluation.log_extract import Searches, Span
from matcher.evaluation.opportunities import opportunities
from matcher.people.records import insert_consent, read_consent
from matcher.search.past_scope import past_selection
from matcher.store import tables
from matcher.store.database import Database
from tests.matcher.consent.cases import BEGAN, BERLIN, CASES, ENDED, LORD_HOWE, NOON, STEP, Case, at, consent

MODEL = "ab" * 32
named = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

ZONES = (ZoneInfo("UTC"), ZoneInfo(BERLIN), ZoneInfo(LORD_HOWE))
CHANGES = tuple(
    at(text)
    for text in ("2026-03-29 01:00", "2026-10-25 01:00", "2026-04-04 15:00", "2026-10-03 15:30", "2026-06-01 00:00")
)
"""When clocks are put forward and back in these zones, and a moment at which none is."""

clocks = st.integers(0, 96).map(lambda quarters: 15 * quarters)
hours = st.builds(
    lambda days, begin, end: Hours(days=days, begin=begin % 1440, end=end),
    st.frozensets(st.integers(1, 7), min_size=1),
    clocks,
    clocks,
)
times = st.lists(hours, max_size=4).map(ordered)
moments = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-3 * 24 * 12, 3 * 24 * 12).map(lambda fives: 5 * fives),
)
zones = st.sampled_from(ZONES)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database.open(tmp_path_factory.mktemp("rule") / "data") as database:
        yield database


def covers(case: Case) -> bool:
    zone = ZoneInfo(case.zone)
    return case.consent().covers(camera=case.camera, purpose=case.purpose, moment=case.moment, zone=zone)


@named
def test_the_rule(case: Case) -> None:
    assert covers(case) == case.covered


@named
def test_the_rule_by_columns(case: Case) -> None:
    book = ConsentBook("gallery", 0)
    # A withdrawn consent is never searched again, also not by a clock that stands before its end.
    book.update(1, consents=Consents.of([case.consent()]), references={1: ("ann", b"1" * 32)})
    zone = ZoneInfo(case.zone)
    scope = book.scope(camera=case.camera, purpose=case.purpose, moment=case.moment, zone=zone)
    assert (1 in scope.selection) == case.covered
    assert scope.time_zone == case.zone


@named
def test_the_rule_by_sql(database: Database, case: Case) -> None:
    with pytest.raises(_UndoneError), database.writing() as connection:
        kept = keep(connection, 1, case.consent())
        assert read_consent(connection, kept.id) == kept
        selection = past_selection(
            connection,
            book_of(kept).references_of,
            camera=case.camera,
            # The check's own purpose is no consent's: which one is asked for does not matter there.
            purpose="demo" if case.camera == "enrolment" else case.purpose,
            moment=case.moment,
            zone=ZoneInfo(case.zone),
        )
        # What was recorded after the moment is not looked at.
        assert (1 in selection) == (case.covered and case.moment >= BEGAN)
        raise _UndoneError


@named
def test_the_rule_by_exposure(case: Case) -> None:
    if case.camera == "enrolment":
        return  # no camera's search: what it finds raises no alert
    searches = Searches(
        camera=case.camera,
        purpose=case.purpose,
        time_zone=case.zone,
        times=np.array([microseconds(case.moment)], dtype=np.int64),
        qualities=np.ones(1),
    )
    assert opportunities([searches], [Span(subject="ann", rule=case.consent())])["ann"] == int(case.covered)


class _UndoneError(Exception):
    pass


def keep(connection: Connection, number: int, kept: Consent) -> Consent:
    """The consent, of a subject with one reference."""
    row = {"id": f"reference-{number}", "model_digest": MODEL, "sealed_template": b"", "created_at": BEGAN - STEP}
    connection.execute(insert(tables.subject).values(id=kept.subject_id, created_at=BEGAN))
    connection.execute(insert(tables.reference).values(number=number, subject_id=kept.subject_id, **row))
    insert_consent(connection, kept)
    return kept


def book_of(kept: Consent) -> ConsentBook:
    """The scope of a subject with the one reference that `keep` writes."""
    book = ConsentBook("gallery", 0)
    book.update(1, references={1: (kept.subject_id, b"1" * 32)})
    return book


@given(st.lists(times, min_size=1, max_size=4), st.lists(moments, min_size=1, max_size=6), zones)
def test_columns_agree_with_the_rule_for_as_long_as_they_say(
    agreed: list[tuple[Hours, ...]], asked: list[datetime], zone: ZoneInfo
) -> None:
    kept = [consent(f"subject-{number}", one) for number, one in enumerate(agreed)]
    terms = Terms()
    terms.put(np.arange(len(kept)), Consents.of(kept))
    for moment in asked:
        permitted = terms.permitted("lobby", "demo", moment, zone)
        assert permitted.since <= microseconds(moment) < permitted.until
        inside = [one for one in asked if permitted.since <= microseconds(one) < permitted.until]
        last = moment_at(min(permitted.until, microseconds(ENDED) + 1) - 1)
        first = moment_at(max(permitted.since, microseconds(BEGAN) - 1))
        for other in (first, last, *inside):
            covered = [
                number
                for number, one in enumerate(kept)
                if one.covers(camera="lobby", purpose="demo", moment=other, zone=zone)
            ]
            assert sorted(permitted.subjects.tolist()) == covered


@given(times, st.lists(moments, min_size=1, max_size=6), zones)
def test_exposure_and_changes_agree_with_the_rule(
    agreed: tuple[Hours, ...], asked: list[datetime], zone: ZoneInfo
) -> None:
    one = consent("ann", agreed, began=CHANGES[0] - timedelta(days=2), ended=CHANGES[1] + timedelta(days=2))
    intervals = list(one.exposure(BEGAN, ENDED, zone))
    assert all(begin < end for begin, end in intervals)
    assert all(before[1] < after[0] for before, after in pairwise(intervals))
    edges = [edge for interval in intervals for edge in interval]
    for moment in (*asked, *edges, *(edge - STEP for edge in edges[:50])):
        covered = one.covers(camera="lobby", purpose="demo", moment=moment, zone=zone)
        assert any(begin <= moment < end for begin, end in intervals) == covered
        assert one.next_change(moment, zone) == next((edge for edge in edges if edge > moment), None)


@given(times, moments, zones)
@settings(max_examples=50)
def test_sql_agrees_with_the_rule(
    database: Database, agreed: tuple[Hours, ...], moment: datetime, zone: ZoneInfo
) -> None:
    with pytest.raises(_UndoneError), database.writing() as connection:
        kept = keep(connection, 1, consent("ann", agreed))
        selection = past_selection(
            connection, book_of(kept).references_of, camera="lobby", purpose="demo", moment=moment, zone=zone
        )
        assert (1 in selection) == kept.covers(camera="lobby", purpose="demo", moment=moment, zone=zone)
        raise _UndoneError


@given(times)
def test_hours_are_read_as_they_are_written(agreed: tuple[Hours, ...]) -> None:
    assert parse_hours(hours_text(agreed)) == agreed
    assert hours_of(json.loads(json.dumps(hours_json(agreed)))) == agreed


@given(times, st.permutations(CHANGES), zones)
def test_the_order_of_hours_does_not_matter(agreed: tuple[Hours, ...], asked: list[datetime], zone: ZoneInfo) -> None:
    if agreed:
        turned = Week(reversed(agreed))
        assert [turned.covers(one, zone) for one in asked] == [Week.of(agreed).covers(one, zone) for one in asked]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mon-fri 08:00-17:00; sat 09:00-12:00", "Mon-Fri 08:00-17:00; Sat 09:00-12:00"),
        ("SUN, mon 22:00 - 06:00", "Mon,Sun 22:00-06:00"),
        ("fri-mon 08:00–09:00", "Mon,Fri-Sun 08:00-09:00"),
        ("daily", "Mon-Sun 00:00-24:00"),
        ("tue 00:00-00:00;", "Tue 00:00-24:00"),
        ("sat; sat", "Sat 00:00-24:00"),
        (" ; ", ""),
    ],
)
def test_hours_are_written_in_one_way(text: str, written: str) -> None:
    assert hours_text(parse_hours(text)) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mo 08:00-17:00", "'mo' is no weekday"),
        ("mon-funday 08:00-17:00", "'funday' is no weekday"),
        ("daily-mon", "'daily' is no weekday"),
        ("08:00-17:00", "'08:00-17:00' names no weekdays and hours"),
        ("mon 8:00-17:00", "'8:00' is no time of day"),
        ("mon 08:00-24:01", "'24:01' is no time of day"),
        ("mon 08:60-17:00", "'08:60' is no time of day"),
        ("mon 24:00-24:00", "they begin before 00:00 or after 23:59"),
        ("mon 08:00", "'mon 08:00' names no weekdays and hours"),
    ],
)
def test_hours_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(ConsentInvalidError, match=re.escape(message)):
        parse_hours(text)


@pytest.mark.parametrize("days", [[], [0], [8], [1, 9]])
def test_days_that_cannot_be(days: list[int]) -> None:
    with pytest.raises(ConsentInvalidError, match="weekday"):
        Hours.of(days, "08:00", "17:00")


def test_states() -> None:
    one = consent("ann", parse_hours("wed 08:00-17:00"))
    moments = (BEGAN - STEP, BEGAN, ENDED - STEP, ENDED)
    assert [one.state(moment).value for moment in moments] == ["pending", "active", "active", "expired"]
    assert consent("ann", withdrawn_at=NOON).state(BEGAN) is ConsentState.WITHDRAWN


def test_a_week_long_consent_never_changes_within() -> None:
    one = consent("ann", parse_hours("mon-thu 00:00-24:00; fri-sun 00:00-00:00"))
    assert list(one.exposure(BEGAN, ENDED, ZONES[1])) == [(BEGAN, ENDED)]
    assert one.next_change(ENDED, ZONES[1]) is None


def test_the_far_end_of_a_consent_is_not_looked_through() -> None:
    one = consent("ann", parse_hours("wed 08:00-17:00"), ended=datetime(8999, 1, 1, tzinfo=UTC))
    assert one.next_change(NOON, ZONES[1]) == at("2026-03-04 16:00")
    assert offset_around(NOON, ZONES[1]).offset == timedelta(hours=1)


def test_a_consent_without_hours_keeps_its_digest() -> None:
    """As it was before consents had hours: content hashes in old log entries stay those of the gallery."""
    parts = ("consent-ann", "ann", "demo", '["lobby"]', "2026-01-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z")
    then = sha256("\n".join(["consent", *parts, "ab" * 32, ""]).encode()).digest()
    limited = consent("ann", parse_hours("wed 08:00-17:00"))
    digests = Consents.of([consent("ann"), limited, consent("ann", parse_hours("wed 08:00-17:01"))]).digests
    assert digests[0] == then
    assert len(set(digests)) == 3
