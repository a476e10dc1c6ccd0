"""How a keeper ends, without a worker process."""

import socket
import subprocess
from io import BytesIO
from threading import Event

import pytest
from prometheus_client import CollectorRegistry

from ingest.camera.camera import Camera
from ingest.messages.factory import Factory
from ingest.settings import IngestSettings
from ingest.supervision.keeper import Keeper
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import NullObserver
from ingest.supervision.worker_process import WorkerProcess


def keeper_of() -> Keeper:
    return Keeper(
        camera=Camera(id="one", name="one", address="/nowhere.mp4", purpose="entry"),
        identifier=None,
        alerts=None,
        observer=NullObserver(),
        settings=IngestSettings(),
        metrics=IngestMetrics(CollectorRegistry()),
        recogniser_factory=Factory(name="tests.ingest.stubs.ingest_stub:BrightRecogniser"),
        turnstile=BytesIO(),
    )


def test_a_process_the_kernel_holds_is_waited_for_no_longer_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Held:
        pid = 77

        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def kill(self) -> None:
            pass

        def wait(self, timeout: float) -> int:
            raise subprocess.TimeoutExpired("worker", timeout)

    monkeypatch.setattr("ingest.supervision.worker_process.subprocess.Popen", Held)
    keeper, (ours, theirs) = keeper_of(), socket.socketpair()
    with ours, theirs:
        keeper._process = WorkerProcess(theirs, theirs.fileno())
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
