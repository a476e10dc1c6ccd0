"""A consent that is limited to weekdays and hours, from its enrolment to the decision that is made again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from matcher.audit.leaves import leaves
from matcher.consent.consent import MAX_TIMES
from matcher.consent.errors import ConsentInvalidError, ConsentRequiredError
from matcher.consent.hours import parse_hours
from matcher.enrolment.enrolment import Picture
from matcher.evaluation.log_extract import events_of
from matcher.evaluation.opportunities import opportunities
from matcher.log.entry import EntryKind
from matcher.log.schema import violation
from matcher.log.stored_publication import StoredPublication
from matcher.matcher import Matcher
from matcher.search.replay import Agreement
from matcher.settings import MatcherSettings
from matcher.tlog.checkpoint import Checkpoint

OFFICE = parse_hours("mon-fri 08:00-17:00")
LONG = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def office(world: Any) -> Any:
    """A world at 03:00 of a Monday, in UTC."""
    world.clock.now = datetime(2026, 3, 2, 3, tzinfo=UTC)
    return world


def _leaves(matcher: Matcher) -> list[bytes]:
    publication = StoredPublication(matcher.database)
    return list(leaves(publication, Checkpoint.of_own(publication.checkpoint())))


def test_a_person_is_found_at_the_hours_of_the_consent_only(office: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG).subject.id  # at night
        found = []
        for hours in (0, 4, 1, 8, 1, 1, 24 * 4 - 6):
            office.clock.move(hours=hours)
            found.append(office.found(matcher, 1))
        # Monday at 03:00, 07:00, 08:00, 16:00, 17:00 and 18:00, Friday at 12:00.
        assert found == [[], [], [ann], [ann], [], [], [ann]]
        office.clock.move(days=1)
        assert office.found(matcher, 1) == []
        with pytest.raises(ConsentRequiredError):
            matcher.identifier.verify(office.probe(matcher, 1), ann, office.query())


def test_a_likely_duplicate_is_found_at_any_hour(office: Any, stub: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG)
        twice = office.enrol(matcher, 1, name="Ann again")
        [check] = [one for one in matcher.log.entries(kinds=[EntryKind.ENROLMENT]) if one.body["acknowledged"]]
        assert check.body["acknowledged"] == [ann.subject.id] and twice.subject.id != ann.subject.id
        more = [Picture(label="more", data=stub.picture(1))]
        others = [twice.subject.id]
        added = matcher.enroller.add_pictures(ann.subject.id, pictures=more, actor="cli:test", acknowledged=others)
        assert len(added.references) == 1


def test_hours_are_read_by_the_cameras_clock_and_else_by_the_sites(office: Any) -> None:
    with office.open(time_zone="Europe/Berlin") as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG).subject.id
        office.clock.move(hours=4, minutes=30)  # 07:30 in UTC, 08:30 in Berlin, 16:30 in Tokyo
        zones = [None, "UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin"]
        assert [office.found(matcher, 1, time_zone=zone) for zone in zones] == [[ann], [], [ann], [], [ann]]
        requests = matcher.log.entries(kinds=[EntryKind.REQUEST])[1:]
        named = [entry.body["time_zone"] for entry in requests]
        assert named == ["Europe/Berlin", "UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin"]
        starts = matcher.log.entries(kinds=[EntryKind.START])
        assert [entry.body["time_zone"] for entry in starts] == ["Europe/Berlin"]


def test_the_log_says_the_hours_and_only_where_there_are_some(office: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1).subject.id
        office.clock.move(seconds=1)
        matcher.gallery.grant(ann, office.consent(times=OFFICE), "user:1")
        [enrolment] = matcher.log.entries(kinds=[EntryKind.ENROLMENT])
        [granted] = matcher.log.entries(kinds=[EntryKind.CONSENT])
        assert "times" not in enrolment.body["consent"]
        assert granted.body["consent"]["times"] == [{"days": [1, 2, 3, 4, 5], "begin": "08:00", "end": "17:00"}]
        assert [violation(leaf) for leaf in _leaves(matcher)] == [None] * matcher.log.size()
        assert [one.times for one in matcher.gallery.consents(ann)] == [(), OFFICE]
    with office.open() as matcher:  # and as it is read again at the next start
        assert [one.times for one in matcher.gallery.consents(ann)] == [(), OFFICE]


def test_a_decision_is_made_again_by_the_hours_and_the_zone_of_then(office: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG).subject.id
        bob = office.enrol(matcher, 2, name="Bob", times=parse_hours("tue"), valid_until=LONG).subject.id
        office.clock.move(hours=4, minutes=30)
        answer = matcher.identifier.identify(office.probe(matcher, 1), office.query(time_zone="Europe/Berlin"))
        assert [one.subject_id for one in answer.candidates] == [ann] != [bob]
    office.clock.move(days=5)
    with office.open(time_zone="America/New_York") as matcher:  # on a Saturday, where the site's clocks show night
        replay = matcher.replayer.replay(answer.request_index, actor="user:1", role="auditor")
        assert (replay.verdict, replay.findings) == (Agreement.EQUAL, ())


def test_searches_outside_the_hours_are_no_exposure(office: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG).subject.id
        for zone in ("UTC", "UTC", "Europe/Berlin"):
            office.clock.move(hours=2, minutes=15)  # 05:15, 07:30 and 09:45 in UTC
            office.found(matcher, 1, actor="camera:lobby", time_zone=zone)
        office.found(matcher, 1, actor="camera:lobby", time_zone="Asia/Tokyo")  # 18:45 there
        events = events_of(_leaves(matcher))
    assert [(one.time_zone, len(one.times)) for one in events.searches] == [
        ("Asia/Tokyo", 1),
        ("Europe/Berlin", 1),
        ("UTC", 2),
    ]
    assert opportunities(events.searches, events.spans) == {ann: 1}


def test_a_kept_selection_ends_when_hours_do(office: Any) -> None:
    with office.open() as matcher:
        ann = office.enrol(matcher, 1, times=OFFICE, valid_until=LONG).subject.id
        office.clock.move(hours=5)
        query = office.query()
        first = matcher.gallery.scope(query, office.clock())
        assert matcher.gallery.scope(query, office.clock() + timedelta(hours=8)).selection is first.selection
        bob = office.enrol(matcher, 2, name="Bob").subject.id
        assert len(matcher.gallery.scope(query, office.clock()).selection) == 2
        assert len(matcher.gallery.scope(query, office.clock() + timedelta(hours=9)).selection) == 1
        assert office.found(matcher, 1) == [ann] and office.found(matcher, 2) == [bob]


def test_more_hours_than_a_consent_may_name_are_refused(office: Any) -> None:
    many = parse_hours(";".join(f"mon {hour:02}:00-{hour:02}:30" for hour in range(MAX_TIMES + 1)))
    with office.open() as matcher, pytest.raises(ConsentInvalidError, match=f"more than {MAX_TIMES}"):
        office.enrol(matcher, 1, times=many)


def test_an_unknown_time_zone_of_the_site_is_a_clear_error(office: Any) -> None:
    with pytest.raises(ValidationError, match=r"no time zone 'Berlin'.* Did you mean Europe/Berlin\?"):
        MatcherSettings(folder=office.folder, time_zone="Berlin")


def test_a_matcher_takes_the_zone_of_the_environment(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARGLASS_TIME_ZONE", "Asia/Tokyo")
    with office.open() as matcher:
        assert isinstance(matcher, Matcher) and matcher.gallery.zone(None).key == "Asia/Tokyo"
        assert matcher.gallery.zone("UTC").key == "UTC"
