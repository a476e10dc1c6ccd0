"""The keeper's bookkeeping, without a worker process."""

import subprocess
from io import BytesIO
from threading import Event

import pytest
from prometheus_client import CollectorRegistry

from ingest.camera import Camera
from ingest.health import CameraState, Health
from ingest.keeper import Keeper
from ingest.message import Forget, Report
from ingest.metrics import IngestMetrics
from ingest.observer import NullObserver, Observer
from ingest.settings import IngestSettings


def keeper_of(observer: Observer | None = None) -> Keeper:
    return Keeper(
        camera=Camera(id="one", name="one", address="rtsp://127.0.0.1/", purpose="entry"),
        identifier=None,
        alerts=None,
        observer=observer or NullObserver(),
        settings=IngestSettings(),
        metrics=IngestMetrics(CollectorRegistry()),
        recogniser_factory=object,
        turnstile=BytesIO(),
    )


class Sent:
    def __init__(self) -> None:
        self.messages: list[object] = []

    def send(self, message: object) -> None:
        self.messages.append(message)


def test_a_workers_last_words_take_no_counts_away() -> None:
    keeper = keeper_of()
    good = Health(camera_id="one", state=CameraState.LIVE, frames=100, bytes=9, frame_rate=25.0, refused={"dark": 3})
    keeper._take(Report(health=good), Sent())
    broken = Health(camera_id="one", state=CameraState.RESTARTING, error="It broke.")
    keeper._take(Report(health=broken), Sent())
    health = keeper.health()
    assert (health.state, health.error) == (CameraState.RESTARTING, "It broke.")
    assert (health.frames, health.bytes, health.refused) == (100, 9, {"dark": 3})
    assert health.frame_rate == 0.0


def test_a_forgotten_subject_is_passed_on_and_may_raise_an_alert_again() -> None:
    keeper, sent = keeper_of(), Sent()
    keeper._alerted_at = {"anna": 1.0, "bert": 1.0}
    keeper._raised = {(1, "anna"), (2, "bert")}
    keeper.forget("anna")
    keeper._pass_on_forgotten(sent)
    assert sent.messages == [Forget(subject_id="anna")]
    assert (set(keeper._alerted_at), keeper._raised) == ({"bert"}, {(2, "bert")})


def test_a_listener_that_breaks_breaks_nothing_else() -> None:
    class Broken(NullObserver):
        def reported(self, camera_id: str, health: Health) -> None:
            raise RuntimeError("no room")

    keeper = keeper_of(Broken())
    keeper._take(Report(health=Health(camera_id="one", state=CameraState.LIVE)), Sent())
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
    monkeypatch.setattr(keeper, "_one_worker", lambda: begun.set() or end.wait())
    keeper.start()
    begun.wait(5.0)
    assert keeper.stop(0.05) is False
    end.set()
    assert keeper.stop(5.0) is True
