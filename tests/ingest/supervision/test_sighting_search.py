from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.camera.camera import Camera
from ingest.supervision.sighting_search import Searched, SightingSearch
from tests.ingest.stubs.message_stub import sighting
from tests.ingest.supervision.test_supervisor import Gallery

CAMERA = Camera(id="one", name="one", address="rtsp://10.0.0.5/x", purpose="entry")


@pytest.fixture
def gallery() -> Gallery:
    gallery = Gallery()
    gallery.subject = "anna"
    return gallery


def search_of(gallery: Gallery, again: float = 3600.0) -> SightingSearch:
    return SightingSearch(CAMERA, identifier=gallery, alerts=gallery, alert_again_seconds=again)


def alerted(search: SightingSearch, passage: int, gallery: Gallery) -> bool:
    """True if a search of this passage raised an alert."""
    before = len(gallery.alerts)
    search.search(sighting(passage=passage))
    return len(gallery.alerts) > before


def test_one_alert_for_a_passage_and_none_for_somebody_who_was_there_just_now(gallery: Gallery) -> None:
    search = search_of(gallery)
    assert [alerted(search, passage, gallery) for passage in (1, 1, 2)] == [True, False, False]
    assert search.search(sighting(passage=1)) == Searched(outcome="matched", subject_id="anna")
    at_once = search_of(gallery, again=0.0)
    assert [alerted(at_once, passage, gallery) for passage in (1, 1, 2)] == [True, False, True]
    at_once.passed(1)
    assert alerted(at_once, 1, gallery)


def test_a_forgotten_subject_may_raise_an_alert_again(gallery: Gallery) -> None:
    search = search_of(gallery)
    search.search(sighting(passage=1))
    gallery.subject = "bert"
    search.search(sighting(passage=2))
    search.forget("anna")
    assert not alerted(search, 2, gallery), "bert was not forgotten"
    gallery.subject = "anna"
    assert alerted(search, 1, gallery)


def test_a_search_names_the_cameras_time_zone(gallery: Gallery) -> None:
    for camera in (CAMERA, replace(CAMERA, time_zone="Asia/Tokyo")):
        search = SightingSearch(camera, identifier=gallery, alerts=gallery, alert_again_seconds=0.0)
        search.search(sighting())
    assert [query.time_zone for query in gallery.queries] == [None, "Asia/Tokyo"]


def test_a_search_that_fails_says_why_until_one_succeeds(gallery: Gallery) -> None:
    search = search_of(gallery)
    gallery.down = True
    assert search.search(sighting()) == Searched(outcome="failed")
    assert search.error is not None and "The log is down." in search.error
    gallery.down, gallery.subject = False, None
    assert search.search(sighting()) == Searched(outcome="unmatched")
    assert search.error is None


@pytest.mark.parametrize("captured_at", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)])
def test_a_moment_that_cannot_be_right_is_not_kept(gallery: Gallery, captured_at: datetime) -> None:
    search_of(gallery).search(sighting(captured_at=captured_at))
    assert abs(gallery.alerts[0].captured_at - datetime.now(UTC)) < timedelta(minutes=1)
