"""What is read from a log: by a matcher that searches, and people who review."""

from datetime import timedelta
from typing import Any

import pytest

from matcher.alerts.review import Verdict
from matcher.audit.leaves import leaves
from matcher.evaluation.log_extract import LogExtract, events_of
from matcher.evaluation.opportunities import opportunities
from matcher.log.errors import LogChangedError
from matcher.log.stored_publication import StoredPublication
from matcher.matcher import Matcher
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.tile import Tile


@pytest.fixture
def camera(matcher: Matcher, world: Any) -> Any:
    """A camera that searches and raises alerts; gives the alert's id."""

    def search(person: int, *, camera: str = "lobby", raising: bool = True, **query: Any) -> str | None:
        probe = world.probe(matcher, person)
        asked = world.query(actor=f"camera:{camera}", role="camera", camera=camera, **query)
        found = matcher.identifier.identify(probe, asked)
        if not (found.candidates and raising):
            return None
        moment = world.clock()
        raised = matcher.alerts.raise_alert(camera_id=camera, candidate_list=found, probe=probe, captured_at=moment)
        return raised.id

    return search


def read(matcher: Matcher, **window: Any) -> LogExtract:
    publication = StoredPublication(matcher.database)
    return events_of(leaves(publication, Checkpoint.of_own(publication.checkpoint())), **window)


def test_searches_alerts_and_verdicts_are_counted_as_they_were(matcher: Matcher, world: Any, camera: Any) -> None:
    ann, bob = world.enrol(matcher, 1).subject.id, world.enrol(matcher, 2, name="Bob").subject.id
    confirmed, rejected, half = camera(1), camera(2), camera(1, camera="yard")
    world.clock.move(seconds=30)
    camera(1, raising=False)
    world.clock.move(seconds=31)
    camera(1)
    camera(9)
    world.found(matcher, 1)  # by a person: no camera's
    for alert, reviewer, verdict in [
        (confirmed, "one", Verdict.CONFIRM),
        (confirmed, "two", Verdict.CONFIRM),
        (rejected, "one", Verdict.REJECT),
        (half, "one", Verdict.CONFIRM),
    ]:
        matcher.alerts.review(alert, f"user:{reviewer}", verdict)
    events = read(matcher)
    assert [(one.camera, one.purpose, len(one.times)) for one in events.searches] == [
        ("lobby", "demo", 5),
        ("yard", "demo", 1),
    ]
    assert [(one.camera, one.subject, one.rejected) for one in events.alerts] == [
        ("lobby", ann, False),
        ("lobby", bob, True),
        ("yard", ann, None),
        ("lobby", ann, None),
    ]
    assert events.thresholds == [0.5]
    quality = world.probe(matcher, 1).quality.score
    assert events.searches[0].qualities.tolist() == [round(quality, 2)] * 5
    assert opportunities(events.searches, events.spans) == {ann: 6, bob: 6}
    for _ in range(9):
        world.clock.move(hours=1)
        camera(1, raising=False)  # still in view: no further alert
    assert len(read(matcher).alerts) == 4
    later = read(matcher, since=world.clock() - timedelta(seconds=1))
    assert [len(one.times) for one in later.searches] == [1] and later.alerts == []
    nothing = read(matcher, since=world.clock() + timedelta(seconds=1))
    assert (nothing.began, nothing.ended, nothing.searches) == (None, None, [])


def test_only_searches_that_might_have_found_a_subject_are_opportunities(
    matcher: Matcher, world: Any, camera: Any
) -> None:
    first = world.enrol(matcher, 1, cameras=frozenset({"lobby"})).subject.id
    camera(9)
    world.clock.move(seconds=1)
    enrolment = world.enrol(matcher, 2)
    second = enrolment.subject.id
    matcher.gallery.grant(second, world.consent(), "user:1")  # twice covered, once counted
    for place in ("lobby", "yard"):
        world.clock.move(seconds=1)
        camera(9, camera=place)
    camera(9, purpose="other")
    world.clock.move(seconds=1)
    matcher.gallery.withdraw(first, "user:1")
    world.clock.move(seconds=1)
    camera(9)
    world.clock.move(days=2)  # past every consent
    camera(9)
    events = read(matcher)
    assert opportunities(events.searches, events.spans) == {first: 2, second: 3}


def test_a_declaration_is_in_force_until_it_is_taken_back(matcher: Matcher, world: Any) -> None:
    subjects = [world.enrol(matcher, person).subject.id for person in (1, 2, 3)]
    made = [matcher.declarations.declare(subject, {"age": "60+"}, "user:1") for subject in subjects]
    matcher.declarations.remove(subjects[0], "user:1")
    matcher.gallery.withdraw(subjects[1], "user:1")
    assert read(matcher).declarations == {subjects[2]: made[2].commitment}


def test_other_entries_than_the_checkpoints_are_refused(matcher: Matcher, world: Any) -> None:
    world.enrol(matcher, 1)
    stored = StoredPublication(matcher.database)

    class Changed:
        def checkpoint(self) -> str:
            return stored.checkpoint()

        def read(self, tile: Tile) -> bytes:
            return stored.read(tile).replace(b"cli:test", b"cli:pest")

    checkpoint = Checkpoint.of_own(stored.checkpoint())
    with pytest.raises(LogChangedError):
        list(leaves(Changed(), checkpoint))
    assert len(list(leaves(stored, checkpoint))) == matcher.log.size()


def test_searches_stand_in_the_order_of_time_where_the_clock_had_run_ahead(
    matcher: Matcher, world: Any, camera: Any
) -> None:
    world.clock.move(days=1000)
    camera(1)
    world.clock.move(days=-999)
    with matcher.log.writing() as connection:
        matcher.log.resume(connection, actor="cli:ada")
    camera(1)
    world.clock.move(hours=2)
    assert matcher.traffic.counts(world.clock()) == [1, 1], "none is counted by a clock that was wrong"
    (searches,) = read(matcher).searches
    assert len(searches.times) == 2
    assert list(searches.times) == sorted(searches.times)
