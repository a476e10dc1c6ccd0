import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from ingest.address import AddressPolicy, CameraAddressRefusedError
from ingest.av_source import AvSource
from ingest.camera import Credentials
from ingest.check import check_camera
from ingest.frame import Frame
from ingest.rehearsal.rtsp_server import RtspServer
from ingest.source import CameraLoginError, CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError
from tests.ingest.conftest import write_clip

CANARY = "p%21@:/#canary"
Serve = Callable[..., RtspServer]


def opened(policy: AddressPolicy, address: str, credentials: Credentials | None = None, **options: object) -> AvSource:
    source = AvSource(policy.locate(address, local=True), credentials, **options)
    source.open()
    return source


def frames_of(source: AvSource) -> Iterator[Frame]:
    """Every frame, decoded as its packet comes."""
    decoded = (packet.decode(False) for packet in source.packets())
    return (frame for frame in decoded if frame is not None)


def test_rtsp_frames_come_at_the_cameras_pace(policy: AddressPolicy, serve: Serve) -> None:
    source = AvSource(policy.locate(serve().url("face")))
    info = source.open()
    assert (info.codec, info.width, info.height) == ("h264", 320, 240)
    frames = list(islice(frames_of(source), 50))
    source.close()
    first = frames[0].number
    assert [frame.number for frame in frames] == list(range(first, first + 50))
    assert frames[-1].arrived - frames[0].arrived == pytest.approx(49 / 25, abs=1.0)
    assert frames[0].pixels().shape == (240, 320, 3)
    assert frames[0].shrunk(160, 120).shape == (120, 160, 3)
    assert frames[0].pixels().max() > 200
    assert source.bytes_received > 1000


def test_where_connections_cannot_be_listed_no_camera_is_used(
    policy: AddressPolicy, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could tell whether the camera led elsewhere."""
    source = AvSource(policy.locate(serve().url("face")))

    def refused(self: psutil.Process, kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "net_connections", refused)
    with pytest.raises(CameraUnreachableError, match="where a camera leads"):
        source.open()
    source.close()


def test_a_file_at_its_own_speed_and_as_fast_as_it_can(policy: AddressPolicy, clip: Path) -> None:
    fast = opened(policy, str(clip), paced=False)
    began = time.monotonic()
    assert sum(1 for _ in frames_of(fast)) == 100
    fast.close()
    taken = time.monotonic() - began
    paced = opened(policy, str(clip))
    frames = list(islice(frames_of(paced), 26))
    paced.close()
    assert frames[-1].arrived - frames[0].arrived >= 0.95
    assert taken < 4.0


def test_who_leaves_packets_out_begins_afresh_with_a_key_frame(policy: AddressPolicy, clip: Path) -> None:
    source = opened(policy, str(clip), paced=False)
    packets = list(source.packets())
    assert [place for place, packet in enumerate(packets) if packet.key] == [0, 25, 50, 75]
    assert packets[0].decode(False) is not None
    assert packets[30].decode(True) is None, "it needs the key frame before it"
    later = [packet.decode(place == 0) for place, packet in enumerate(packets[50:53])]
    assert [frame.number for frame in later if frame is not None] == [51, 52, 53]
    assert [frame.arrived for frame in later if frame is not None] == [packet.arrived for packet in packets[50:53]]
    source.close()
    assert packets[75].decode(False) is None, "nothing comes of a closed source"


def test_frames_bear_their_own_packets_stamps_however_late_the_decoder_gives_them(
    policy: AddressPolicy, tmp_path: Path
) -> None:
    file = write_clip(tmp_path / "reordered.mp4", seconds=2.0, options={"preset": "fast", "bf": "2", "g": "25"})
    source = opened(policy, str(file), paced=False)
    packets = list(source.packets())
    found = [(frame, packet) for packet in packets if (frame := packet.decode(False)) is not None]
    assert len(found) > 30 and any(frame.arrived < packet.arrived for frame, packet in found)
    assert {frame.arrived for frame, _ in found} <= {packet.arrived for packet in packets}
    assert len({frame.number for frame, _ in found}) == len(found)
    source.close()


def test_a_stream_that_cannot_be_decoded_is_given_up(
    policy: AddressPolicy, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.av_source.TOLERATED_BROKEN", 0.0)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    for place in range(start + 200, len(data) - 6000, 7):
        data[place] ^= 0xFF
    file = tmp_path / "broken.mp4"
    file.write_bytes(data)
    source = opened(policy, str(file), paced=False)
    with pytest.raises(CameraStreamError):
        for packet in source.packets():
            packet.decode(True)
    source.close()


def test_a_login_is_given_and_a_wrong_one_never_repeated(policy: AddressPolicy, serve: Serve) -> None:
    address = serve(login=("admin", CANARY)).url("face")
    source = opened(policy, address, Credentials(username="admin", password=CANARY))
    assert next(frames_of(source)).width == 320
    source.close()
    for credentials in (None, Credentials(username="admin", password=f"{CANARY}x")):
        with pytest.raises(CameraLoginError) as raised:
            opened(policy, address, credentials)
        assert "canary" not in f"{raised.value} {raised.value!r} {raised.value.__cause__} {raised.value.__context__}"


def test_an_rtsp_camera_that_sends_us_elsewhere_is_refused(policy: AddressPolicy, serve: Serve) -> None:
    elsewhere = serve().url("face")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def redirect() -> None:
            with listener.accept()[0] as connection:
                while request := connection.recv(4096).decode():
                    number = request.split("CSeq: ")[1].split("\r\n")[0]
                    if request.startswith("OPTIONS"):
                        answer = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
                    else:
                        answer = f"RTSP/1.0 302 Found\r\nCSeq: {number}\r\nLocation: {elsewhere}\r\n\r\n"
                    connection.sendall(answer.encode())

        thread = threading.Thread(target=redirect)
        thread.start()
        with pytest.raises(CameraAddressRefusedError, match="sent us on"):
            opened(policy, f"rtsp://127.0.0.1:{listener.getsockname()[1]}/face")
        thread.join(10)


def test_no_such_path(policy: AddressPolicy, serve: Serve) -> None:
    with pytest.raises(CameraUnreachableError):
        opened(policy, f"{serve().url('face')}nothing")


def test_a_dead_port(policy: AddressPolicy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for scheme in ("rtsp", "http"):
        with pytest.raises(CameraUnreachableError):
            opened(policy, f"{scheme}://127.0.0.1:{port}/x")


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_somebody_who_accepts_and_says_nothing(policy: AddressPolicy, scheme: str) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        began = time.monotonic()
        with pytest.raises(ClearglassError):
            opened(policy, f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/x", open_seconds=1.0, stall_seconds=1.0)
        assert time.monotonic() - began < 4.0


def test_a_stream_that_stalls_is_given_up(policy: AddressPolicy, serve: Serve) -> None:
    server = serve()
    source = opened(policy, server.url("face"), stall_seconds=1.0)
    frames = frames_of(source)
    next(frames)
    os.kill(server.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(ClearglassError):
            for _ in frames:
                began = max(began, time.monotonic() - 0.001)
        assert time.monotonic() - began < 4.0
    finally:
        os.kill(server.pid, signal.SIGCONT)
        source.close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: _HttpServer = self.server  # type: ignore[assignment]
        server.asked.append(self.path)
        status, headers, body = server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is the point of some tests."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def web() -> Iterator[_HttpServer]:
    server = _HttpServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_http(policy: AddressPolicy, web: _HttpServer, clip: Path) -> None:
    web.answers["/clip.mp4"] = (200, {"Content-Type": "video/mp4"}, clip.read_bytes())
    source = opened(policy, f"{web.address}/clip.mp4")
    assert sum(1 for _ in frames_of(source)) == 100
    source.close()


def test_redirects_are_not_followed(policy: AddressPolicy, web: _HttpServer, clip: Path) -> None:
    web.answers["/clip.mp4"] = (200, {}, clip.read_bytes())
    web.answers["/there"] = (302, {"Location": f"{web.address}/clip.mp4"}, b"")
    with pytest.raises(ClearglassError):
        opened(policy, f"{web.address}/there")
    assert web.asked == ["/there"]


def test_playlists_lead_nowhere(policy: AddressPolicy, web: _HttpServer, clip: Path) -> None:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:4", "#EXTINF:4,", f"{web.address}/clip.mp4", "#EXT-X-ENDLIST", ""]
    web.answers["/clip.mp4"] = (200, {}, clip.read_bytes())
    for path, type_ in (("/list.m3u8", "application/vnd.apple.mpegurl"), ("/list", "text/plain")):
        web.answers[path] = (200, {"Content-Type": type_}, "\n".join(lines).encode())
        with pytest.raises(ClearglassError):
            opened(policy, f"{web.address}{path}")
    assert set(web.asked) == {"/list.m3u8", "/list"}


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100, b"ffconcat version 1.0\nfile /etc/passwd\n"])
def test_what_is_no_video(policy: AddressPolicy, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hostile.mp4"
    file.write_bytes(content)
    with pytest.raises((CameraStreamError, CameraUnreachableError)):
        opened(policy, str(file))


def test_a_broken_middle_ends_in_an_error_or_fewer_frames(policy: AddressPolicy, clip: Path, tmp_path: Path) -> None:
    data = bytearray(clip.read_bytes())
    data[2000:12000] = bytes(10000)
    file = tmp_path / "broken.mp4"
    file.write_bytes(data)
    try:
        source = opened(policy, str(file), paced=False)
        assert sum(1 for _ in frames_of(source)) <= 100
        source.close()
    except CameraStreamError:
        pass


def test_ffmpeg_prints_nothing(serve: Serve, policy: AddressPolicy) -> None:
    """In a process of its own, since FFmpeg writes to the descriptor: all kinds of failures with a canary login."""
    server = serve(login=("admin", "other"))
    script = f"""
from ingest.av_source import AvSource
from ingest.camera import Credentials
from ingest.settings import IngestSettings
from matcher.errors import ClearglassError
from tests.ingest.conftest import write_clip
policy = IngestSettings(allow_loopback=True, allowed_ports=((1, 65535),)).address_policy()
dead, other = "rtsp://127.0.0.1:9/x", "http://127.0.0.1:{server.port}/x"
for address in ("{server.url("face")}", "{server.url("face")}x", dead, other):
    source = AvSource(policy.locate(address), Credentials(username="admin", password={CANARY!r}), open_seconds=1.0)
    try:
        source.open()
    except ClearglassError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 4
    assert "canary" not in done.stdout and "%2521" not in done.stdout


def test_check_camera_measures_a_stream(policy: AddressPolicy, serve: Serve) -> None:
    from ingest_stub import BrightRecogniser

    steps: list[tuple[int, int]] = []
    found = check_camera(
        serve().url("face"),
        policy=policy,
        seconds=2.0,
        recogniser=BrightRecogniser(),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert (found.codec, found.width, found.height) == ("h264", 320, 240)
    assert found.frame_rate == pytest.approx(25, abs=6)
    assert found.looked_at >= 2 and found.usable == found.faces == found.looked_at
    assert found.eye_distance_median == 60.0
    assert steps[-1] == (2, 2)


def test_packets_that_were_cut_short_are_counted(policy: AddressPolicy, clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    with av.open(str(clip)) as whole, av.open(str(cut), "w") as container:
        stream = container.add_stream_from_template(whole.streams.video[0])
        for number, packet in enumerate(whole.demux(video=0)):
            if packet.size:
                half = av.Packet(bytes(packet)[: packet.size // (2 if number % 10 == 5 else 1)])
                half.pts, half.dts, half.time_base = packet.pts, packet.dts, packet.time_base
                half.is_keyframe, half.stream = packet.is_keyframe, stream
                container.mux(half)
    for path, damaged in ((clip, 0), (cut, 10)):
        source = AvSource(policy.locate(str(path), local=True), paced=False)
        source.open()
        for packet in source.packets():
            packet.decode(False)
        source.close()
        assert source.damaged == damaged


def test_a_measuring_source_tells_how_hard_frames_were_compressed(policy: AddressPolicy, tmp_path: Path) -> None:
    measured = []
    for quantiser in (20, 40):
        clip = write_clip(tmp_path / f"{quantiser}.mp4", seconds=1.0, options={"qp": str(quantiser), "g": "1"})
        source = AvSource(policy.locate(str(clip), local=True), paced=False, measuring=True)
        source.open()
        told = [frame.quantisers() for packet in source.packets() if (frame := packet.decode(False)) is not None]
        source.close()
        assert told and all(one is not None and one.shape == (15, 20) for one in told)
        measured.append(float(np.mean(told)))  # type: ignore[arg-type]
    # The encoder compresses key frames three steps less than it was told.
    assert measured == pytest.approx([17, 37], abs=1)


def test_a_source_that_does_not_measure_tells_nothing(policy: AddressPolicy, clip: Path) -> None:
    source = AvSource(policy.locate(str(clip), local=True), paced=False)
    source.open()
    frame = next(frame for packet in source.packets() if (frame := packet.decode(False)) is not None)
    assert frame.quantisers() is None
    source.close()
