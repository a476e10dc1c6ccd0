"""The keeper's bookkeeping, without a worker process."""

import subprocess
import time
from io import BytesIO
from threading import Event
from types import SimpleNamespace

import pytest
from message_stub import no_relays, sighting
from prometheus_client import CollectorRegistry

from ingest.camera.camera import Camera
from ingest.camera.health import CameraState, Health
from ingest.messages.factory import Factory
from ingest.messages.message import Forget, Loading, Report
from ingest.settings import IngestSettings
from ingest.supervision.keeper import Keeper
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import NullObserver, Observer
from ingest.supervision.search import Identifies
from matcher.search.candidate import CandidateList


def keeper_of(observer: Observer | None = None, identifier: Identifies | None = None) -> Keeper:
    return Keeper(
        camera=Camera(id="one", name="one", address="/nowhere.mp4", purpose="entry"),
        identifier=identifier,
        alerts=None,
        observer=observer or NullObserver(),
        settings=IngestSettings(),
        metrics=IngestMetrics(CollectorRegistry()),
        recogniser_factory=Factory(name="ingest_stub:BrightRecogniser"),
        turnstile=BytesIO(),
    )


class NobodyHome:
    """An identifier that finds nobody."""

    def identify(self, probe: object, query: object) -> CandidateList:
        return SimpleNamespace(candidates=())  # type: ignore[return-value]


class Sent:
    def __init__(self) -> None:
        self.messages: list[object] = []

    def send(self, message: object) -> None:
        self.messages.append(message)


def test_a_workers_last_words_take_no_counts_away() -> None:
    keeper = keeper_of()
    good = Health(
        camera_id="one", state=CameraState.LIVE, frames=100, bytes=9, frame_rate=25.0, refused={"too_dark": 3}
    )
    keeper._take(Report(health=good, sent=1.0), Sent(), no_relays(), 1.0)
    broken = Health(camera_id="one", state=CameraState.RESTARTING, error="It broke.")
    keeper._take(Report(health=broken, sent=2.0), Sent(), no_relays(), 2.0)
    health = keeper.health()
    assert (health.state, health.error) == (CameraState.RESTARTING, "It broke.")
    assert (health.frames, health.bytes, health.refused) == (100, 9, {"too_dark": 3})
    assert health.frame_rate == 0.0


def test_a_forgotten_subject_is_passed_on() -> None:
    keeper, sent = keeper_of(), Sent()
    keeper.forget("anna")
    keeper._pass_on_forgotten(sent)
    assert sent.messages == [Forget(subject_id="anna")]


def test_a_listener_that_breaks_breaks_nothing_else() -> None:
    class Broken(NullObserver):
        def reported(self, camera_id: str, health: Health) -> None:
            raise RuntimeError("no room")

    keeper = keeper_of(Broken())
    keeper._take(Report(health=Health(camera_id="one", state=CameraState.LIVE), sent=1.0), Sent(), no_relays(), 1.0)
    assert keeper.health().state is CameraState.LIVE


def test_a_process_the_kernel_holds_is_waited_for_no_longer_and_shown() -> None:
    class Held:
        pid = 77

        def kill(self) -> None:
            pass

        def wait(self, timeout: float) -> int:
            raise subprocess.TimeoutExpired("worker", timeout)

    keeper = keeper_of()
    keeper._process = Held()
    keeper._bury(keeper._process)
    assert keeper.worker_pid == 77
    assert "77" in (keeper.health().error or "")


def test_a_search_that_does_not_end_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, begun, end = keeper_of(), Event(), Event()
    monkeypatch.setattr(keeper, "_one_worker", lambda relays: begun.set() or end.wait())
    keeper.start()
    begun.wait(5.0)
    assert keeper.stop(0.05) is False
    end.set()
    assert keeper.stop(5.0) is True


def test_a_worker_on_another_machine_is_timed_by_the_services_clock() -> None:
    """Its clock is an hour behind, and what it says takes 10 ms at least."""
    keeper, hour, now = keeper_of(identifier=NobodyHome()), 3600.0, time.monotonic()
    times: list[float] = []
    keeper._metrics.decided = lambda camera, seconds, outcome: times.append(seconds)  # type: ignore[method-assign]
    live = Health(camera_id="one", state=CameraState.LIVE)
    keeper._take(Report(health=live, sent=now - hour - 1.01), Sent(), no_relays(), now - 1.0)
    keeper._take(sighting(arrived=now - hour - 0.21, sent=now - hour - 0.05), Sent(), no_relays(), now)
    assert times[0] == pytest.approx(0.2, abs=0.1)


def test_a_successor_of_a_retired_worker_changes_nothing_until_it_has_tried_its_stream() -> None:
    keeper = keeper_of()
    lost = Health(camera_id="one", state=CameraState.RECONNECTING, error="It refused the connection.", frames=7)
    keeper._take(Report(health=lost, sent=1.0), Sent(), no_relays(), 1.0)
    keeper._past, keeper._replaces_retired = keeper.health(), True
    keeper._take(Report(health=Health(camera_id="one", state=CameraState.STARTING), sent=1.0), Sent(), no_relays(), 1.0)
    assert keeper.health() == lost
    keeper._take(
        Report(health=Health(camera_id="one", state=CameraState.LIVE, frames=1), sent=2.0), Sent(), no_relays(), 2.0
    )
    assert (keeper.health().state, keeper.health().error, keeper.health().frames) == (CameraState.LIVE, None, 8)
    keeper._take(Report(health=Health(camera_id="one", state=CameraState.STARTING), sent=3.0), Sent(), no_relays(), 3.0)
    assert keeper.health().state is CameraState.STARTING


def test_a_worker_that_loads_its_models_may_be_silent_for_as_long_as_one_that_starts() -> None:
    keeper = keeper_of()
    assert not keeper._loading
    keeper._take(Loading(), Sent(), no_relays(), 1.0)
    assert keeper._loading
    keeper._take(Report(health=Health(camera_id="one", state=CameraState.LIVE), sent=1.0), Sent(), no_relays(), 1.0)
    assert not keeper._loading
