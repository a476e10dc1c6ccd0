"""The supervisor against real worker processes and a real RTSP server; only faces and gallery are stubs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from prometheus_client import CollectorRegistry

from ingest.camera.camera import Camera, Credentials
from ingest.camera.health import CameraState, Health
from ingest.messages.factory import RECOGNISING, Factory
from ingest.messages.message import View
from ingest.rehearsal.film.film import make_substream
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.settings import IngestSettings
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.supervisor import Supervisor
from matcher.alerts.alert import Alert, AlertStatus
from matcher.errors import ClearglassError
from matcher.probe.probe import Probe, Query
from matcher.recognition.operating_point import OperatingPoint
from matcher.search.candidate import Candidate, CandidateList
from tests.ingest.stubs.confinement_stub import ATTEMPTS
from tests.ingest.stubs.ingest_stub import DIGEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

POINT = OperatingPoint(name="p", threshold=1.0, model_digest=DIGEST, weights={"sface": 1.0}, evidence=None)
Serve = Callable[..., RtspServer]


def stub(name: str, **arguments: Any) -> Factory:
    return Factory(name=f"tests.ingest.stubs.ingest_stub:{name}", arguments=arguments)


BRIGHT = stub("BrightRecogniser")


class LogDownError(ClearglassError):
    code: ClassVar[str] = "test_log_down"


class Gallery:
    """Identifier and alerts in one: finds `subject`, or fails while `down`."""

    def __init__(self) -> None:
        self.subject: str | None = None
        self.down = False
        self.queries: list[Query] = []
        self.probes: list[Probe] = []
        self.alerts: list[Alert] = []

    def identify(self, probe: Probe, query: Query) -> CandidateList:
        self.queries.append(query)
        self.probes.append(probe)
        if self.down:
            raise LogDownError("The log is down.", remedy="Wait.")
        candidates: tuple[Candidate, ...] = ()
        if self.subject is not None:
            found = Candidate(subject_id=self.subject, reference_id="r", rank=1, dissimilarity=0.1, scores={})
            candidates = (found,)
        now = datetime.now(UTC)
        return CandidateList(
            candidates=candidates,
            operating_point=POINT,
            request_index=0,
            outcome_index=1,
            started_at=now,
            ended_at=now,
            searched=1,
            gallery_size=1,
            gallery_revision=1,
        )

    def raise_alert(
        self, *, camera_id: str, candidate_list: CandidateList, probe: Probe, captured_at: datetime
    ) -> Alert:
        alert = Alert(
            id=str(len(self.alerts)),
            camera_id=camera_id,
            subject_id=candidate_list.candidates[0].subject_id,
            reference_id="r",
            request_index=0,
            outcome_index=1,
            dissimilarity=0.1,
            operating_point="p",
            captured_at=captured_at,
            raised_at=datetime.now(UTC),
            status=AlertStatus.OPEN,
        )
        self.alerts.append(alert)
        return alert


class Seen:
    """The observer."""

    def __init__(self) -> None:
        self.views: list[tuple[str, View]] = []
        self.healths: list[Health] = []

    def viewed(self, camera_id: str, view: View) -> None:
        self.views.append((camera_id, view))

    def reported(self, camera_id: str, health: Health) -> None:
        self.healths.append(health)


class Bench:
    """A supervisor with everything around it."""

    def __init__(self, settings: IngestSettings, factory: Factory, forbidden: Sequence[Path]) -> None:
        self.gallery = Gallery()
        self.seen = Seen()
        self.registry = CollectorRegistry()
        self.supervisor = Supervisor(
            identifier=self.gallery,
            alerts=self.gallery,
            observer=self.seen,
            settings=settings,
            metrics=IngestMetrics(self.registry),
            recogniser_factory=factory,
            forbidden=forbidden,
        )

    def health(self, camera_id: str = "one") -> Health:
        return self.supervisor.health(camera_id)

    def live(self, camera_id: str = "one", *, beyond: int = 0) -> bool:
        health = self.health(camera_id)
        return health.state is CameraState.LIVE and health.analysed > beyond


@contextmanager
def bench(settings: IngestSettings, factory: Factory = BRIGHT, *, forbidden: Sequence[Path] = ()) -> Iterator[Bench]:
    bench = Bench(settings, factory, forbidden)
    with bench.supervisor:
        yield bench
    assert workers_left() == 0


def workers_left() -> int:
    """This process's own: what a browser's helpers leave for a moment, children of children, is not looked at."""
    return sum("ingest.worker.worker" in " ".join(child.cmdline()) for child in psutil.Process().children())


def wait(condition: Callable[[], object], seconds: float = 40.0) -> float:
    """Waits until it holds; returns how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


def camera(address: str, camera_id: str = "one", **changes: Any) -> Camera:
    return replace(Camera(id=camera_id, name=camera_id, address=address, purpose="entry"), **changes)


def resources() -> tuple[int, int, int]:
    """Threads, descriptors and children of this process."""
    process = psutil.Process()
    return threading.active_count(), process.num_fds(), len(process.children())


def test_a_passage_is_searched_and_a_match_becomes_one_alert(loopback: IngestSettings, serve: Serve) -> None:
    server = serve()
    with bench(loopback.model_copy(update={"confirm_again_seconds": 0.5})) as b:
        b.gallery.subject = "anna"
        b.supervisor.add(camera(server.url("face")))
        wait(lambda: len(b.gallery.queries) >= 3)
        assert b.gallery.queries[0] == Query(actor="camera:one", role="camera", camera="one", purpose="entry")
        assert len(b.gallery.alerts) < len(b.gallery.queries), "a second search of one passage is no second alert"
        health = b.health()
        assert (health.width, health.height) == (320, 240)
        assert health.newest_frame_age is not None and health.bytes > 0
        assert health.dropped > 0, "five of twenty-five frames are looked at"
        assert health.frames >= health.analysed + health.dropped
    assert b.health().state is CameraState.STOPPED
    labels = {"camera": "one", "outcome": "matched"}
    assert b.registry.get_sample_value("clearglass_camera_searches_total", labels) == len(b.gallery.queries)
    frames = b.registry.get_sample_value("clearglass_camera_frames_total", {"camera": "one"})
    assert frames == b.health().frames


def test_somebody_who_comes_by_again_soon_is_searched_for_and_raises_no_second_alert(
    loopback: IngestSettings, serve: Serve
) -> None:
    server = serve()
    for again, more in ((3600.0, False), (0.0, True)):
        changed = {"passage_gap_seconds": 0.2, "confirm_again_seconds": 0.5, "alert_again_seconds": again}
        with bench(loopback.model_copy(update=changed)) as b:
            b.gallery.subject = "anna"
            b.supervisor.add(camera(server.url("face"), analysed_fps=2.0))
            # At two looks a second and a gap of a fifth, the first looks are passages of their own.
            wait(lambda: len(b.gallery.queries) >= 4)
            assert (len(b.gallery.alerts) > 1) is more


def test_a_failed_search_is_shown_and_made_again(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback.model_copy(update={"search_again_seconds": 0.5})) as b:
        b.gallery.subject, b.gallery.down = "anna", True
        b.supervisor.add(camera(str(clip)))
        wait(lambda: "The log is down." in (b.health().error or ""))
        assert b.gallery.alerts == []
        b.gallery.down = False
        wait(lambda: b.gallery.alerts)
        wait(lambda: b.health().error is None)


def test_views_are_made_only_while_somebody_looks(loopback: IngestSettings, serve: Serve) -> None:
    server = serve()
    with bench(loopback) as b:
        b.supervisor.add(camera(server.url("face")))
        wait(lambda: b.live(beyond=3))
        assert b.seen.views == []
        b.supervisor.watching("one", True)
        wait(lambda: len(b.seen.views) > 2)
        camera_id, view = b.seen.views[-1]
        assert camera_id == "one" and view.jpeg[:2] == b"\xff\xd8"
        assert [box.subject_id for box in view.boxes] in ([], [None])
        b.supervisor.watching("one", False)
        time.sleep(0.6)
        count = len(b.seen.views)
        wait(partial(b.live, beyond=b.health().analysed + 3))
        assert len(b.seen.views) == count


def test_watched_from_the_start(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback) as b:
        b.supervisor.add(camera(str(clip)))
        b.supervisor.watching("one", True)
        wait(lambda: b.seen.views)
        assert b.health().restarts == 0


def test_back_soon_after_the_server_is_and_the_other_camera_loses_nothing(
    loopback: IngestSettings, serve: Serve
) -> None:
    flapping, steady = serve(), serve()
    with bench(loopback) as b:
        b.supervisor.start([camera(flapping.url("face")), camera(steady.url("face"), "two")])
        wait(lambda: b.live() and b.live("two"))
        pid, other_pid = b.supervisor.worker_pid("one"), b.supervisor.worker_pid("two")
        assert pid is not None
        # The first connection warms caches up; what is open after the second is what may be open after each.
        counts = []
        for _ in range(3):
            flapping.kill()
            wait(lambda: b.health().state is CameraState.RECONNECTING)
            time.sleep(1.0)
            flapping.start()
            analysed = b.health().analysed
            assert wait(partial(b.live, beyond=analysed)) < 10
            worker = psutil.Process(pid)
            counts.append((worker.num_threads(), worker.num_fds(), resources()))
        assert counts[0] == counts[1] == counts[2]
        assert b.supervisor.worker_pid("one") == pid, "a lost stream is no reason for a new process"
        assert b.health().reconnects >= 3
        assert b.supervisor.worker_pid("two") == other_pid
        other = b.health("two")
        assert (other.reconnects, other.restarts) == (0, 0)
        assert CameraState.RECONNECTING not in {health.state for health in b.seen.healths if health.camera_id == "two"}


@pytest.mark.parametrize(("number", "words"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSTOP, "hung")])
def test_a_killed_or_stopped_worker_is_replaced_and_the_other_goes_on(
    loopback: IngestSettings, serve: Serve, number: int, words: str
) -> None:
    server = serve()
    with bench(loopback) as b:
        b.supervisor.start([camera(server.url("face")), camera(server.url("face"), "two")])
        wait(lambda: b.live() and b.live("two"))
        before, pid, frames = resources(), b.supervisor.worker_pid("one"), b.health().frames
        other_pid, other_frames, began = b.supervisor.worker_pid("two"), b.health("two").frames, time.monotonic()
        assert pid is not None
        os.kill(pid, number)
        wait(lambda: b.supervisor.worker_pid("one") not in (None, pid) and b.live(beyond=b.health().analysed - 1))
        wait(lambda: b.health().frames > frames, 30)
        assert any(words in (health.error or "") for health in b.seen.healths)
        assert b.health().restarts == 1
        assert resources() == before
        assert b.supervisor.worker_pid("two") == other_pid
        gone = time.monotonic() - began
        assert b.health("two").frames - other_frames >= (gone - 2.5) * 25 * 0.8
        assert (b.health("two").reconnects, b.health("two").restarts) == (0, 0)


def test_a_worker_that_hangs_in_a_library_is_replaced(loopback: IngestSettings, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "hang").touch()
    quick = loopback.model_copy(update={"startup_seconds": 6.0})
    with bench(quick, stub("HangingRecogniser", folder=str(tmp_path))) as b:
        b.supervisor.add(camera(str(clip)))
        wait(lambda: b.health().restarts)
        (tmp_path / "hang").unlink()
        wait(lambda: b.live(beyond=2))
        assert b.health().restarts == 1


def test_a_worker_that_crashes_at_once_is_tried_again_with_waits(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback, stub("crash")) as b:
        b.supervisor.add(camera(str(clip)))
        before = resources()
        wait(lambda: b.health().restarts >= 2)
        assert "SIGABRT" in (b.health().error or "")
        threads, descriptors, _ = resources()
        assert threads == before[0] and descriptors <= before[1] + 3


def test_what_broke_is_said_without_other_libraries_words(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback, stub("BreakingRecogniser")) as b:
        b.supervisor.add(camera(str(clip)))
        wait(lambda: b.health().restarts >= 1)
        errors = {health.error for health in b.seen.healths if health.error}
        assert any("an error in its own code (ingest_stub.py:" in error for error in errors)
        assert not any("canary" in error or "RuntimeError" in error for error in errors)


def test_a_refused_login_is_said_and_not_shown(loopback: IngestSettings, serve: Serve) -> None:
    server = serve(login=("admin", "right"))
    login = Credentials(username="admin", password="p%21@:/#canary")
    with bench(loopback) as b:
        b.supervisor.add(camera(server.url("face"), credentials=login))
        pid = wait(lambda: "refused the login" in (b.health().error or "")) and b.supervisor.worker_pid("one")
        assert "canary" not in repr(b.seen.healths)
        process = psutil.Process(pid)
        assert "canary" not in " ".join(process.cmdline()) + str(process.environ())


def test_an_address_that_is_not_allowed_any_more_is_not_opened(clip: Path, serve: Serve) -> None:
    server = serve()
    with bench(IngestSettings(allow_loopback=False, allowed_ports=((1, 65535),))) as b:
        b.supervisor.add(camera(server.url("face")))
        wait(lambda: "not in a network" in (b.health().error or ""))
        assert server.plays("face") == ()


def test_the_services_secrets_are_not_in_a_workers_environment(
    loopback: IngestSettings, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARGLASS_MASTER_KEY", "canary")
    monkeypatch.setenv("http_proxy", "http://canary")
    with bench(loopback) as b:
        b.supervisor.add(camera(str(clip)))
        wait(b.live)
        environment = psutil.Process(b.supervisor.worker_pid("one")).environ()
        assert not {"CLEARGLASS_MASTER_KEY", "http_proxy"} & set(environment)


def test_cameras_come_change_and_go(loopback: IngestSettings, clip: Path, empty_clip: Path) -> None:
    before = resources()
    with bench(loopback) as b:
        b.supervisor.add(camera(str(clip), enabled=False))
        assert b.health().state is CameraState.STOPPED and b.supervisor.worker_pid("one") is None
        b.supervisor.add(camera(str(clip)))
        wait(lambda: b.gallery.queries)
        b.supervisor.add(camera(str(empty_clip)))
        count = len(b.gallery.queries)
        wait(b.live)
        assert len(b.gallery.queries) == count
        b.supervisor.remove("one")
        assert b.supervisor.healths() == {} and b.supervisor.worker_pid("one") is None
        assert b.registry.get_sample_value("clearglass_camera_frames_total", {"camera": "one"}) is None
        b.supervisor.remove("one")
        b.supervisor.watching("one", True)
    threads, descriptors, children = resources()
    assert (threads, children) == (before[0], before[2]) and descriptors <= before[1]


def test_a_camera_runs_as_it_is_kept_however_its_changes_overtake_each_other(
    loopback: IngestSettings, clip: Path
) -> None:
    """PATCH and DELETE of one camera at once: each stores first, then has the supervisor look at what is kept."""
    kept: dict[str, Camera] = {"one": camera(str(clip))}
    reading, removed = threading.Event(), threading.Event()

    def slowly() -> Camera | None:
        found = kept.get("one")
        reading.set()
        removed.wait(10)
        time.sleep(0.2)
        return found

    with bench(loopback) as b:
        patch = threading.Thread(target=b.supervisor.refresh, args=("one", slowly))
        patch.start()
        reading.wait(10)
        del kept["one"]
        delete = threading.Thread(target=b.supervisor.refresh, args=("one", lambda: kept.get("one")))
        delete.start()
        removed.set()
        patch.join()
        delete.join()
        assert b.supervisor.healths() == {}


def test_who_is_forgotten_is_blurred_at_once(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback) as b:
        b.gallery.subject = "anna"
        b.supervisor.add(camera(str(clip)))
        b.supervisor.watching("one", True)
        wait(lambda: any(box.subject_id == "anna" for _, view in b.seen.views for box in view.boxes))
        b.gallery.subject = None
        b.supervisor.forget("anna")
        time.sleep(0.5)
        count = len(b.seen.views)
        wait(lambda: len(b.seen.views) > count + 3)
        assert {box.subject_id for _, view in b.seen.views[count:] for box in view.boxes} == {None}


def test_nothing_starts_after_the_end(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback) as b:
        pass
    b.supervisor.add(camera(str(clip)))
    assert b.supervisor.worker_pid("one") is None


SERVICE = """
import sys, time
from prometheus_client import CollectorRegistry
from ingest.camera.camera import Camera
from ingest.supervision.metrics import IngestMetrics
from ingest.settings import IngestSettings
from ingest.supervision.supervisor import Supervisor
from ingest.messages.factory import RECOGNISING, Factory
supervisor = Supervisor(identifier=None, alerts=None, settings=IngestSettings(),
                        metrics=IngestMetrics(CollectorRegistry()),
                        recogniser_factory=Factory(name="tests.ingest.stubs.ingest_stub:BrightRecogniser"))
supervisor.add(Camera(id="one", name="one", address=sys.argv[1], purpose="entry"))
while not supervisor.worker_pid("one"):
    time.sleep(0.01)
print(supervisor.worker_pid("one"), flush=True)
time.sleep(600)
"""


def test_workers_end_with_a_service_that_is_killed_even_stopped_ones(empty_clip: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SERVICE, str(empty_clip)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        worker = psutil.Process(int(service.stdout.readline()))
        try:
            # Long enough for the worker to have asked the kernel to end it with its parent.
            wait(lambda: worker.num_threads() > 1)
            worker.suspend()
        finally:
            service.kill()
    wait(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_camera_with_a_substream_is_searched_from_its_main_stream(
    loopback: IngestSettings, clip: Path, tmp_path: Path
) -> None:
    small = make_substream(clip, tmp_path / "small.mp4", width=160, height=120)
    with RtspServer({"face": clip, "small": small}, substreams={"small": "face"}) as server, bench(loopback) as b:
        b.gallery.subject = "anna"
        b.supervisor.add(camera(server.url("face"), substream=server.url("small")))
        wait(lambda: b.gallery.alerts and b.live(beyond=10))
        health = b.health()
        assert (health.width, health.height) == (320, 240)
        b.supervisor.add(camera(server.url("face"), substream=f"rtsp://127.0.0.1:{server.port}/nothing"))
        count = len(b.gallery.queries)
        wait(lambda: len(b.gallery.queries) > count)
        wait(lambda: b.health().state is CameraState.LIVE and (b.health().error or "").startswith("The substream: "))


def rss(pid: int | None) -> float:
    """Megabytes that the process holds in memory."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def closed_port() -> int:
    """One on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_workers_of_cameras_that_are_off_hold_no_models(loopback: IngestSettings) -> None:
    names = [f"camera-{number}" for number in range(12)]
    with bench(loopback, RECOGNISING) as b:
        b.supervisor.start(camera(f"rtsp://127.0.0.1:{closed_port()}/face", name) for name in names)
        wait(lambda: all(b.health(name).reconnects >= 3 for name in names))
        assert all(b.health(name).error for name in names)
        held = [rss(b.supervisor.worker_pid(name)) for name in names]
        print(f"RSS in MB of {len(held)} workers: {min(held):.0f} to {max(held):.0f}")  # noqa: T201 - the measurement
        assert max(held) < 100
        assert all(b.health(name).restarts == 0 for name in names)


def test_a_worker_whose_stream_is_lost_gives_its_models_back_and_its_successor_goes_on(
    loopback: IngestSettings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.supervision.keeper.LONG_LIVED", 0.0)
    server = serve()
    with bench(loopback, stub("bright", idle_seconds=2.0)) as b:
        b.supervisor.add(camera(server.url("face")))
        wait(lambda: b.live(beyond=3))
        first = b.supervisor.worker_pid("one")
        server.kill()
        wait(lambda: b.supervisor.worker_pid("one") not in (None, first))
        at = len(b.seen.healths)
        before = b.health()
        wait(lambda: b.health().reconnects > before.reconnects + 1)
        for health in b.seen.healths[at:]:
            assert (health.state, health.restarts) == (CameraState.RECONNECTING, 0)
            assert health.error == before.error is not None
            assert health.analysed == before.analysed
        second = b.supervisor.worker_pid("one")
        assert rss(second) < 100
        server.start()
        wait(lambda: b.live(beyond=before.analysed))
        assert b.supervisor.worker_pid("one") == second and b.health().restarts == 0


def test_code_run_in_a_worker_reaches_neither_the_data_folder_nor_the_network(
    loopback: IngestSettings, serve: Serve, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "master.key").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        trying = stub("TryingRecogniser", forbidden=str(data / "master.key"), port=port)
        with bench(loopback, trying, forbidden=[data]) as b:
            b.supervisor.add(camera(serve().url("face")))
            wait(lambda: b.gallery.probes)
    told = b.gallery.probes[0].template.vectors["dlib"][: len(ATTEMPTS)].astype(bool)
    assert [name for name, refused in zip(ATTEMPTS, told, strict=True) if not refused] == []


def test_a_worker_that_needs_too_much_memory_is_reported(loopback: IngestSettings, clip: Path) -> None:
    with bench(loopback, stub("GreedyRecogniser")) as b:
        b.supervisor.add(camera(str(clip)))
        wait(lambda: any("more memory than the" in (health.error or "") for health in b.seen.healths))
