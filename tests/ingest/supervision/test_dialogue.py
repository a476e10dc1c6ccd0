"""What a worker says, and what becomes of it, without a worker process."""

import time
from types import SimpleNamespace

import pytest

from ingest.camera.health import CameraState, Health
from ingest.messages.message import Forget, Loading, Report
from ingest.supervision.observer import NullObserver
from matcher.search.candidate import CandidateList
from tests.ingest.stubs.dialogue_stub import Spoken
from tests.ingest.stubs.message_stub import sighting


class NobodyHome:
    """An identifier that finds nobody."""

    def identify(self, probe: object, query: object) -> CandidateList:
        return SimpleNamespace(candidates=())  # type: ignore[return-value]


def test_a_workers_last_words_take_no_counts_away() -> None:
    spoken = Spoken()
    good = Health(
        camera_id="one", state=CameraState.LIVE, frames=100, bytes=9, frame_rate=25.0, refused={"too_dark": 3}
    )
    spoken.dialogue.take(Report(health=good, sent=1.0), 1.0)
    broken = Health(camera_id="one", state=CameraState.RESTARTING, error="It broke.")
    spoken.dialogue.take(Report(health=broken, sent=2.0), 2.0)
    health = spoken.record.health()
    assert (health.state, health.error) == (CameraState.RESTARTING, "It broke.")
    assert (health.frames, health.bytes, health.refused) == (100, 9, {"too_dark": 3})
    assert health.frame_rate == 0.0


def test_a_forgotten_subject_is_passed_on() -> None:
    spoken = Spoken()
    spoken.orders.forget("anna")
    spoken.dialogue.pass_on()
    assert spoken.sent.messages == [Forget(subject_id="anna")]


def test_a_listener_that_breaks_breaks_nothing_else() -> None:
    class Broken(NullObserver):
        def reported(self, camera_id: str, health: Health) -> None:
            raise RuntimeError("no room")

    spoken = Spoken(observer=Broken())
    spoken.dialogue.take(Report(health=Health(camera_id="one", state=CameraState.LIVE), sent=1.0), 1.0)
    assert spoken.record.health().state is CameraState.LIVE


def test_a_worker_on_another_machine_is_timed_by_the_services_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock is an hour behind, and what it says takes 10 ms at least."""
    spoken, hour, now = Spoken(identifier=NobodyHome()), 3600.0, time.monotonic()
    times: list[float] = []
    monkeypatch.setattr(spoken.metrics, "decided", lambda camera, seconds, outcome: times.append(seconds))
    live = Health(camera_id="one", state=CameraState.LIVE)
    spoken.dialogue.take(Report(health=live, sent=now - hour - 1.01), now - 1.0)
    spoken.dialogue.take(sighting(arrived=now - hour - 0.21, sent=now - hour - 0.05), now)
    assert times[0] == pytest.approx(0.2, abs=0.1)


def test_a_successor_of_a_retired_worker_changes_nothing_until_it_has_tried_its_stream() -> None:
    spoken = Spoken()
    lost = Health(camera_id="one", state=CameraState.RECONNECTING, error="It refused the connection.", frames=7)
    spoken.dialogue.take(Report(health=lost, sent=1.0), 1.0)
    spoken.record.worker_began()
    spoken.record.replaces_retired = True
    spoken.dialogue.take(Report(health=Health(camera_id="one", state=CameraState.STARTING), sent=1.0), 1.0)
    assert spoken.record.health() == lost
    spoken.dialogue.take(Report(health=Health(camera_id="one", state=CameraState.LIVE, frames=1), sent=2.0), 2.0)
    health = spoken.record.health()
    assert (health.state, health.error, health.frames) == (CameraState.LIVE, None, 8)
    spoken.dialogue.take(Report(health=Health(camera_id="one", state=CameraState.STARTING), sent=3.0), 3.0)
    assert spoken.record.health().state is CameraState.STARTING


def test_a_worker_that_loads_its_models_may_be_silent_for_as_long_as_one_that_starts() -> None:
    spoken = Spoken()
    assert not spoken.dialogue.loading
    spoken.dialogue.take(Loading(), 1.0)
    assert spoken.dialogue.loading
    spoken.dialogue.take(Report(health=Health(camera_id="one", state=CameraState.LIVE), sent=1.0), 1.0)
    assert not spoken.dialogue.loading
