"""Cameras as they really are, at the doors of the supervisor and of a check: real servers, workers and processes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.camera.camera import Camera, Credentials
from ingest.camera.health import CameraState
from ingest.check.check import CameraCheck
from ingest.check.finding import Aspect, Verdict
from ingest.check.relayed_check import RelayedCheck
from ingest.check.suitability import judge
from ingest.messages.factory import Factory
from ingest.messages.message import CheckFailed
from ingest.rehearsal.film.film import join_recordings
from ingest.rehearsal.server.http_server import HttpServer
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.settings import IngestSettings
from matcher.recognition.needs import load_needs
from tests.ingest.supervision.test_supervisor import Bench, bench, camera, wait

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LOGIN = ("admin", "p@ss:w/o")
CREDENTIALS = Credentials(username=LOGIN[0], password=LOGIN[1])
STUB = Factory(name="tests.ingest.stubs.ingest_stub:BrightRecogniser")

Serve = Callable[..., RtspServer]


@pytest.fixture
def http(clip: Path) -> Iterator[HttpServer]:
    with HttpServer(clip, login=LOGIN) as server:
        yield server


def live(b: Bench, one: Camera) -> None:
    b.gallery.subject = "anna"
    b.supervisor.add(one)
    wait(lambda: b.gallery.alerts and b.live())
    assert b.health().error is None


@pytest.mark.parametrize("query", ["slow=4", "auth=sha256&qop=1", "garbage=1", "sdp=absolute", "ts=leap"])
def test_an_odd_rtsp_camera_is_searched(loopback: IngestSettings, serve: Serve, query: str) -> None:
    server = serve(login=LOGIN)
    with bench(loopback) as b:
        live(b, camera(server.url("face", query), credentials=CREDENTIALS))


@pytest.mark.parametrize("path", ["/snap.jpg", "/cgi-bin/snapshot.cgi", "/mjpg?v=trailer", "/raw.mjpg", "/flv"])
def test_an_odd_http_camera_is_searched(loopback: IngestSettings, http: HttpServer, path: str) -> None:
    with bench(loopback) as b:
        address = f"http://127.0.0.1:{http.port}{path}"
        live(b, camera(address, credentials=CREDENTIALS, snapshot_seconds=0.3))
        assert b.health().reconnects == 0


def test_a_still_picture_camera_with_a_long_pause_stays_live(loopback: IngestSettings, http: HttpServer) -> None:
    with bench(loopback.model_copy(update={"stall_seconds": 1.0, "open_seconds": 2.0})) as b:
        live(b, camera(http.url("/snap.jpg"), credentials=CREDENTIALS, snapshot_seconds=4.0))
        frames = b.health().frames
        wait(lambda: b.health().frames >= frames + 2)
        assert (b.health().reconnects, b.health().restarts, b.health().error) == (0, 0, None)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("silent=1", "accepted the connection and sent nothing for 2 s"),
        ("udponly=1", "by UDP only"),
        ("redirect=rtsp://127.0.0.9:554/x", "sends its viewers on to rtsp://127.0.0.9:554"),
        ("status=453", "no room for another viewer"),
    ],
)
def test_what_is_wrong_with_a_camera_is_said_in_words(
    loopback: IngestSettings, serve: Serve, query: str, words: str
) -> None:
    server = serve()
    with bench(loopback.model_copy(update={"open_seconds": 2.0})) as b:
        b.supervisor.add(camera(server.url("face", query)))
        wait(lambda: words in (b.health().error or ""))
        assert b.health().state is CameraState.RECONNECTING and b.health().restarts == 0
        assert "Error" not in (b.health().error or "")


def test_a_refused_login_is_tried_again_after_a_minute_or_once_the_camera_was_edited(
    loopback: IngestSettings, serve: Serve
) -> None:
    server = serve(login=LOGIN)
    wrong = camera(server.url("face"), credentials=Credentials(username=LOGIN[0], password="wrong"))
    with bench(loopback.model_copy(update={"backoff_first_seconds": 0.1, "backoff_cap_seconds": 0.1})) as b:
        b.supervisor.add(wrong)
        wait(lambda: b.health().retry_at is not None)
        # Without the pause there would be some fifteen attempts in this time.
        time.sleep(1.5)
        assert sum(request.has_authorization for request in server.requests) == 1
        assert server.connections == 1 and b.health().reconnects <= 2
        assert "refused the login" in (b.health().error or "")
        b.supervisor.add(replace(wrong, credentials=CREDENTIALS))
        wait(b.live)
        assert b.health().retry_at is None and b.health().error is None


def test_no_alert_rests_on_a_damaged_frame(loopback: IngestSettings, serve: Serve) -> None:
    """Half of all packets are lost, so that no key frame is whole; the same film without loss raises an alert."""
    server = serve()
    with bench(loopback) as b:
        b.gallery.subject = "anna"
        b.supervisor.start([camera(server.url("face", "loss=0.5")), camera(server.url("face"), "two")])
        wait(lambda: any(query.camera == "two" for query in b.gallery.queries))
        wait(lambda: b.health().analysed > 25)
        assert b.health().lost_packets > 20
        assert not any(query.camera == "one" for query in b.gallery.queries)
        assert {alert.camera_id for alert in b.gallery.alerts} == {"two"}


def test_lost_packets_are_told_and_go_on_counting_when_a_worker_is_replaced(
    loopback: IngestSettings, serve: Serve
) -> None:
    import os
    import signal

    server = serve()
    with bench(loopback) as b:
        b.supervisor.add(camera(server.url("face", "loss=0.05")))
        wait(lambda: b.health().lost_packets > 2)
        before, pid = b.health(), b.supervisor.worker_pid("one")
        assert pid is not None and before.received_packets > before.lost_packets
        os.kill(pid, signal.SIGKILL)
        wait(lambda: b.health().restarts == 1 and b.health().lost_packets > before.lost_packets)


def checked(
    address: str, settings: IngestSettings, seconds: float = 4.0, **changes: object
) -> CameraCheck | CheckFailed:
    one = replace(Camera(id="one", name="one", address=address, purpose="entry"), **changes)  # type: ignore[arg-type]
    return RelayedCheck(one, settings=settings, recogniser_factory=STUB).run(seconds, lambda gone: None)


def loss(check: CameraCheck | CheckFailed) -> Verdict:
    """Without gaps of arrival, which a busy machine with server and check on it makes by itself."""
    assert isinstance(check, CameraCheck), check
    found = judge(replace(check, longest_gap_seconds=0.0), load_needs())
    return next(one.verdict for one in found.findings if one.what is Aspect.LOSS)


@pytest.mark.parametrize("ts", ["jitter", "vfr", "backoften", "pull20"])
def test_an_uneven_pace_is_no_loss_in_a_check(loopback: IngestSettings, serve: Serve, ts: str) -> None:
    check = checked(serve().url("face", f"ts={ts}"), loopback)
    assert isinstance(check, CameraCheck) and check.received_packets > 40 and check.lost_packets == 0
    assert loss(check) is Verdict.PASS


def test_lost_packets_are_told_by_a_check(loopback: IngestSettings, serve: Serve) -> None:
    check = checked(serve().url("face", "loss=0.05"), loopback, 6.0)
    assert isinstance(check, CameraCheck) and check.lost_packets > 1
    assert loss(check) is Verdict.FAIL


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("silent=1", "camera_unreachable", "accepted the connection and sent nothing for 2 s"),
        ("udponly=1", "camera_stream", "by UDP only"),
        ("redirect=rtsp://127.0.0.9:554/x", "camera_address_refused", "127.0.0.9"),
        ("status=401", "camera_login", "refused"),
    ],
)
def test_a_check_says_why_nothing_came_of_it(
    loopback: IngestSettings, serve: Serve, query: str, code: str, words: str
) -> None:
    began = time.monotonic()
    failed = checked(serve().url("face", query), loopback.model_copy(update={"open_seconds": 2.0}))
    assert isinstance(failed, CheckFailed) and failed.code == code and words in failed.message
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("query", ["stall=2", "die=2"])
def test_a_check_ends_within_its_time_when_the_stream_does_not_go_on(
    loopback: IngestSettings, serve: Serve, query: str
) -> None:
    began = time.monotonic()
    check = checked(serve().url("face", query), loopback, 8.0)
    assert isinstance(check, CameraCheck) and check.interruptions >= 1
    assert time.monotonic() - began < 20


def test_two_recordings_in_one_file_are_checked_to_the_end(
    loopback: IngestSettings, clip: Path, tmp_path: Path
) -> None:
    joined = join_recordings(clip, tmp_path / "joined.ts")
    began = time.monotonic()
    check = checked(str(joined), loopback, 12.0)
    assert isinstance(check, CameraCheck) and check.frames > 150 and loss(check) is Verdict.PASS
    assert time.monotonic() - began < 25
