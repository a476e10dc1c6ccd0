"""The fan-out to listeners: newest wins, workers are told when somebody looks, nothing piles up."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.events import Event, EventHub, Raised, Viewed
from ingest.camera.health import CameraState, Health
from ingest.messages.message import View, ViewBox
from matcher.alerts.alert import Alert, AlertStatus
from matcher.consent.consent import Consent
from matcher.people.change import Change
from matcher.recognition.face import Box

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONSENT = Consent(
    id="c",
    subject_id="anna",
    purpose="demo",
    cameras=frozenset({"*"}),
    valid_from=NOW,
    valid_until=NOW + timedelta(days=1),
    evidence_digest="ab" * 32,
    recorded_at=NOW,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def view(number: int) -> View:
    return View(number=number, captured_at=NOW, jpeg=b"jpeg %d" % number, boxes=())


def health(camera: str, frames: int = 0) -> Health:
    return Health(camera_id=camera, state=CameraState.LIVE, frames=frames)


def alert(number: int) -> Alert:
    return Alert(
        id=str(number),
        camera_id="lobby",
        subject_id="s",
        reference_id="r",
        request_index=0,
        outcome_index=1,
        dissimilarity=0.5,
        operating_point="fmr-1e-5",
        captured_at=NOW,
        raised_at=NOW,
        status=AlertStatus.OPEN,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(clock: Clock) -> EventHub:
    return EventHub(now=clock)


@pytest.fixture
def told(events: EventHub) -> list[tuple[str, bool]]:
    orders: list[tuple[str, bool]] = []
    events.on_watching(lambda camera, on: orders.append((camera, on)))
    return orders


def test_a_slow_listener_gets_the_newest_of_each_camera_and_every_alert(events: EventHub, in_a_loop: Any) -> None:
    async def listen() -> list[Event]:
        with events.subscription(views=True) as subscription:
            for number in range(1000):
                events.viewed("lobby", view(number))
                events.viewed("yard", view(number))
                events.reported("lobby", health("lobby", number))
            for number in range(3):
                events.alert_raised(alert(number))
            return await subscription.take(1)

    happened = in_a_loop(listen())
    assert [event.alert.id for event in happened if isinstance(event, Raised)] == ["0", "1", "2"]
    assert [event.frames for event in happened if isinstance(event, Health)] == [999]
    assert {event.camera_id: event.view.number for event in happened if isinstance(event, Viewed)} == {
        "lobby": 999,
        "yard": 999,
    }


def test_a_listener_begins_with_what_is_known(events: EventHub, in_a_loop: Any) -> None:
    events.reported("lobby", health("lobby", 7))

    async def listen() -> list[Event]:
        with events.subscription(views=True) as subscription:
            return await subscription.take(1)

    assert in_a_loop(listen()) == [health("lobby", 7)]


def test_nothing_happens_take_returns_after_its_time(events: EventHub, in_a_loop: Any) -> None:
    async def listen() -> list[Event]:
        with events.subscription(views=True) as subscription:
            return await subscription.take(0.01)

    assert in_a_loop(listen()) == []


def test_workers_make_views_only_while_somebody_looks(
    events: EventHub, clock: Clock, told: list[tuple[str, bool]], in_a_loop: Any
) -> None:
    events.reported("lobby", health("lobby"))

    async def look() -> None:
        with events.subscription(views=False):
            events.reported("lobby", health("lobby"))
            assert told == []
        with events.subscription(views=True):
            assert told == [("lobby", True)]
            events.viewed("lobby", view(1))
            events.reported("lobby", health("lobby"))
            assert told == [("lobby", True)]
            clock.seconds += 5  # the worker was restarted and forgot
            events.reported("lobby", health("lobby"))
            assert told == [("lobby", True)] * 2

    in_a_loop(look())
    events.viewed("lobby", view(2))
    assert told[-1] == ("lobby", False)


def test_a_view_that_nobody_looks_at_is_not_kept(events: EventHub, clock: Clock, told: list[tuple[str, bool]]) -> None:
    events.viewed("lobby", view(1))
    assert events.view("lobby") is None
    assert told[-1] == ("lobby", True)
    events.viewed("lobby", view(2))
    kept = events.view("lobby")
    assert kept is not None
    assert kept.number == 2
    clock.seconds += 60
    events.reported("lobby", health("lobby"))
    events.viewed("lobby", view(3))
    assert told[-1] == ("lobby", False)
    assert events.view("lobby") is None


def test_the_last_few_views_can_be_had_by_their_number(events: EventHub, clock: Clock) -> None:
    """Boxes come with a number, and fit the picture of that number alone."""
    events.view("lobby")
    for number in range(100, 200, 5):
        events.viewed("lobby", view(number))
    assert events.view("lobby") == events.view("lobby", 195) == view(195)
    assert events.view("lobby", 185) == view(185)
    assert events.view("lobby", 100) is None
    assert events.view("lobby", 196) is None
    events.viewed("lobby", View(number=185, captured_at=NOW, jpeg=b"of the worker after it", boxes=()))
    again = events.view("lobby", 185)
    assert again is not None
    assert again.jpeg == b"of the worker after it"


def test_an_old_view_is_not_shown_as_if_it_were_new(events: EventHub, clock: Clock) -> None:
    events.view("lobby")
    events.viewed("lobby", view(1))
    clock.seconds += 5
    events.reported("lobby", health("lobby"))
    assert events.view("lobby") is None


def test_a_camera_that_is_gone_is_forgotten(events: EventHub) -> None:
    events.view("lobby")
    events.viewed("lobby", view(1))
    events.reported("lobby", health("lobby"))
    events.forget("lobby")
    assert events.view("lobby") is None
    assert events.health("lobby") is None


def test_views_of_somebody_who_may_not_be_found_any_more_are_dropped(events: EventHub, in_a_loop: Any) -> None:
    box = ViewBox(track=1, box=Box(x=0, y=0, width=1, height=1), subject_id="anna")
    shown = View(number=2, captured_at=NOW, jpeg=b"jpeg", boxes=(box,))
    ended = replace(CONSENT, withdrawn_at=NOW)
    changes = [Change(revision=1, subject_id="anna", consents=(CONSENT,)), Change(revision=2, subject_id="bert")]
    endings = [
        Change(revision=3, subject_id="anna", withdrawn=True),
        Change(revision=4, subject_id="anna", consents=(ended,)),
    ]

    async def listen(change: Change) -> set[int]:
        """The views that are left."""
        with events.subscription(views=True) as subscription:
            for one in (view(1), shown):
                events.viewed("lobby", one)
            events.apply(change)
            unread = [event.view.number for event in await subscription.take(0.01) if isinstance(event, Viewed)]
            kept = [number for number in (1, 2) if events.view("lobby", number) is not None]
            assert set(unread) <= set(kept)
            return set(kept)

    assert [in_a_loop(listen(change)) for change in changes] == [{1, 2}] * 2
    assert [in_a_loop(listen(change)) for change in endings] == [{1}] * 2


def test_closing_ends_listeners_at_once_and_later_ones_too(events: EventHub, in_a_loop: Any) -> None:
    async def listen() -> tuple[bool, bool]:
        with events.subscription(views=False) as first:
            waiting = asyncio.create_task(first.take(60))
            await asyncio.sleep(0)
            events.close()
            await asyncio.wait_for(waiting, 1)
            with events.subscription(views=False) as second:
                return first.closed, second.closed

    assert in_a_loop(listen()) == (True, True)


def test_a_keeper_may_speak_after_the_listeners_loop_has_ended(events: EventHub, in_a_loop: Any) -> None:
    async def subscribe() -> None:
        subscription = events.subscription(views=True)
        subscription.__enter__()

    in_a_loop(subscribe())
    events.reported("lobby", health("lobby"))
    events.alert_raised(alert(1))
