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


def test_one_alert_for_a_passage_and_none_for_somebody_who_was_there_just_now(gallery: Gallery) -> None:
    search = search_of(gallery)
    first, again, other = (search.search(sighting(passage=passage)) for passage in (1, 1, 2))
    assert first == Searched(outcome="matched", subject_id="anna", alert=gallery.alerts[0])
    assert again == other == Searched(outcome="matched", subject_id="anna")
    at_once = search_of(gallery, again=0.0)
    assert [at_once.search(sighting(passage=passage)).alert is not None for passage in (1, 1, 2)] == [True, False, True]
    at_once.passed(1)
    assert at_once.search(sighting(passage=1)).alert is not None


def test_a_forgotten_subject_may_raise_an_alert_again(gallery: Gallery) -> None:
    search = search_of(gallery)
    search.search(sighting(passage=1))
    gallery.subject = "bert"
    search.search(sighting(passage=2))
    search.forget("anna")
    assert search.search(sighting(passage=2)).alert is None, "bert was not forgotten"
    gallery.subject = "anna"
    assert search.search(sighting(passage=1)).alert is not None


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
