"""How a keeper ends, without a worker process."""

import subprocess
import time
from collections.abc import Iterator
from tempfile import TemporaryFile
from threading import Event
from typing import NoReturn

import pytest
from prometheus_client import CollectorRegistry

from ingest.camera.camera import Camera
from ingest.messages.factory import Factory
from ingest.settings import IngestSettings
from ingest.supervision.keeper import Keeper
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import NullObserver
from matcher.process.child import Child
from tests.ingest.supervision.test_supervisor import Gallery


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with TemporaryFile() as cpu_slots:
        yield Keeper(
            camera=Camera(id="one", name="one", address="/nowhere.mp4", purpose="entry"),
            identifier=Gallery(),
            alerts=Gallery(),
            observer=NullObserver(),
            settings=IngestSettings(),
            metrics=IngestMetrics(CollectorRegistry()),
            recogniser_factory=Factory(name="tests.ingest.stubs.ingest_stub:BrightRecogniser"),
            cpu_slots=cpu_slots,
        )


def test_a_process_the_kernel_holds_is_waited_for_no_longer_and_shown(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Held:
        pid = 77

        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def kill(self) -> None:
            pass

        def wait(self, timeout: float) -> int:
            raise subprocess.TimeoutExpired("worker", timeout)

    monkeypatch.setattr("matcher.process.child.subprocess.Popen", Held)
    keeper.start()
    deadline = time.monotonic() + 5.0
    while "77" not in (keeper.health().error or ""):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert keeper.worker_pid == 77
    assert keeper.stop(5.0) is False


def test_a_worker_that_does_not_start_holds_nobody_up(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, end = Event(), Event()

    def stuck(*arguments: object, **options: object) -> NoReturn:
        begun.set()
        end.wait()
        raise OSError

    monkeypatch.setattr(Child, "start", stuck)
    keeper.start()
    assert begun.wait(5.0)
    assert keeper.stop(0.05) is False
    end.set()
    assert keeper.stop(5.0) is True
