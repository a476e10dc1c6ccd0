import gc
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ingest.check.check import check_camera
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.stream.av_source import AvSource
from ingest.stream.frame import Frame
from ingest.stream.source import CameraStreamError, CameraUnreachableError
from matcher.errors import ClearglassError
from tests.ingest.conftest import write_clip
from tests.ingest.stubs.clips import corner, write_film

Serve = Callable[..., RtspServer]


def opened(place: str | Path, **options: Any) -> AvSource:
    source = AvSource(str(place), **options)
    source.open()
    return source


def frames_of(source: AvSource) -> Iterator[Frame]:
    """Every frame, decoded as its packet comes."""
    decoded = (packet.decode(False) for packet in source.packets())
    return (frame for frame in decoded if frame is not None)


@pytest.mark.slow
def test_rtsp_frames_come_at_the_cameras_pace(serve: Serve) -> None:
    source = AvSource(serve().url("face"))
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


def test_a_file_at_its_own_speed_and_as_fast_as_it_can(clip: Path) -> None:
    fast = opened(clip, paced=False)
    began = time.monotonic()
    assert sum(1 for _ in frames_of(fast)) == 100
    fast.close()
    taken = time.monotonic() - began
    paced = opened(clip)
    frames = list(islice(frames_of(paced), 26))
    paced.close()
    assert frames[-1].arrived - frames[0].arrived >= 0.95
    assert taken < 4.0


def test_who_leaves_packets_out_begins_afresh_with_a_key_frame(clip: Path) -> None:
    source = opened(clip, paced=False)
    packets = list(source.packets())
    assert [place for place, packet in enumerate(packets) if packet.key] == [0, 25, 50, 75]
    assert packets[0].decode(False) is not None
    assert packets[30].decode(True) is None, "it needs the key frame before it"
    later = [packet.decode(place == 0) for place, packet in enumerate(packets[50:53])]
    assert [frame.number for frame in later if frame is not None] == [51, 52, 53]
    assert [frame.arrived for frame in later if frame is not None] == [packet.arrived for packet in packets[50:53]]
    source.close()
    assert packets[75].decode(False) is None, "nothing comes of a closed source"


def test_frames_bear_their_own_packets_stamps_however_late_the_decoder_gives_them(tmp_path: Path) -> None:
    file = write_clip(tmp_path / "reordered.mp4", seconds=2.0, options={"preset": "fast", "bf": "2", "g": "25"})
    source = opened(file, paced=False)
    packets = list(source.packets())
    found = [(frame, packet) for packet in packets if (frame := packet.decode(False)) is not None]
    assert len(found) > 30 and any(frame.arrived < packet.arrived for frame, packet in found)
    assert {frame.arrived for frame, _ in found} <= {packet.arrived for packet in packets}
    assert len({frame.number for frame, _ in found}) == len(found)
    source.close()


def test_a_stream_that_cannot_be_decoded_is_given_up(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.stream.av_decoder.TOLERATED_BROKEN", 0.0)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    for place in range(start + 200, len(data) - 6000, 7):
        data[place] ^= 0xFF
    file = tmp_path / "broken.mp4"
    file.write_bytes(data)
    source = opened(file, paced=False)
    with pytest.raises(CameraStreamError):
        for packet in source.packets():
            packet.decode(True)
    source.close()


def test_no_such_path(serve: Serve) -> None:
    with pytest.raises(CameraStreamError, match=r"^Front door sends nothing that can be read as video\. Check"):
        opened(f"{serve().url('face')}nothing", name="Front door")


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_dead_port(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(CameraUnreachableError, match=r"^Front door cannot be reached\. Check"):
            opened(f"{scheme}://127.0.0.1:{port}/canary", name="Front door")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_somebody_who_accepts_and_says_nothing(scheme: str) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        began = time.monotonic()
        with pytest.raises(CameraUnreachableError, match="did not answer in time"):
            opened(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/x", open_seconds=1.0, stall_seconds=1.0)
        assert 0.9 < time.monotonic() - began < 4.0


@pytest.mark.slow
def test_a_stream_that_stalls_is_given_up(serve: Serve) -> None:
    server = serve()
    source = opened(server.url("face"), stall_seconds=1.0)
    frames = frames_of(source)
    next(frames)
    os.kill(server.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(CameraStreamError, match="stopped sending"):
            for _ in frames:
                began = time.monotonic()
        assert 1.0 < time.monotonic() - began < 5.0
    finally:
        os.kill(server.pid, signal.SIGCONT)
        source.close()


@pytest.mark.slow
def test_a_source_can_be_closed_while_ffmpeg_waits_for_the_camera(serve: Serve) -> None:
    server = serve()
    source = opened(server.url("face"), stall_seconds=1.0)
    packets = source.packets()
    next(packets)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        thread = threading.Thread(target=lambda: [None for _ in packets])
        thread.start()
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 0.5, "nobody waits for the camera"
        thread.join(6.0)
        assert not thread.is_alive()
    finally:
        os.kill(server.pid, signal.SIGCONT)


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


def test_http(web: _HttpServer, clip: Path) -> None:
    web.answers["/clip.mp4"] = (200, {"Content-Type": "video/mp4"}, clip.read_bytes())
    source = opened(f"{web.address}/clip.mp4")
    assert sum(1 for _ in frames_of(source)) == 100
    source.close()


def test_redirects_are_not_followed(web: _HttpServer, clip: Path) -> None:
    web.answers["/clip.mp4"] = (200, {}, clip.read_bytes())
    web.answers["/there"] = (302, {"Location": f"{web.address}/clip.mp4"}, b"")
    with pytest.raises(ClearglassError):
        opened(f"{web.address}/there")
    assert web.asked == ["/there"]


def test_playlists_lead_nowhere(web: _HttpServer, clip: Path) -> None:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:4", "#EXTINF:4,", f"{web.address}/clip.mp4", "#EXT-X-ENDLIST", ""]
    web.answers["/clip.mp4"] = (200, {}, clip.read_bytes())
    for path, type_ in (("/list.m3u8", "application/vnd.apple.mpegurl"), ("/list", "text/plain")):
        web.answers[path] = (200, {"Content-Type": type_}, "\n".join(lines).encode())
        with pytest.raises(ClearglassError):
            opened(f"{web.address}{path}")
    assert set(web.asked) == {"/list.m3u8", "/list"}


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100, b"ffconcat version 1.0\nfile /etc/passwd\n"])
def test_what_is_no_video(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hostile.mp4"
    file.write_bytes(content)
    with pytest.raises((CameraStreamError, CameraUnreachableError)):
        opened(file)


def test_a_broken_middle_ends_in_an_error_or_fewer_frames(clip: Path, tmp_path: Path) -> None:
    data = bytearray(clip.read_bytes())
    data[2000:12000] = bytes(10000)
    file = tmp_path / "broken.mp4"
    file.write_bytes(data)
    try:
        source = opened(file, paced=False)
        assert sum(1 for _ in frames_of(source)) <= 100
        source.close()
    except CameraStreamError:
        pass


def test_ffmpeg_prints_nothing(serve: Serve, tmp_path: Path) -> None:
    """In a process of its own, since FFmpeg writes to the descriptor: all kinds of failures with a canary in them."""
    server = serve()
    broken = tmp_path / "canary.mp4"
    broken.write_bytes(b"canary")
    script = f"""
from ingest.stream.av_source import AvSource
from matcher.errors import ClearglassError
port = {server.port}
places = "rtsp://127.0.0.1:{{port}}/canary", "rtsp://127.0.0.1:9/canary", "http://127.0.0.1:{{port}}/canary"
for place in (*places, {str(broken)!r}, {str(tmp_path / "canary")!r}):
    try:
        AvSource(place.format(port=port), open_seconds=1.0).open()
    except ClearglassError as error:
        print(error, error.__cause__, error.__context__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 5
    assert "canary" not in done.stdout and "Error" not in done.stdout


@pytest.mark.slow
def test_check_camera_measures_a_stream(serve: Serve) -> None:
    from tests.ingest.stubs.ingest_stub import BrightRecogniser

    steps: list[tuple[int, int]] = []
    server = serve()
    found = check_camera(
        lambda: AvSource(server.url("face"), measuring=True),
        endless=True,
        seconds=2.0,
        recogniser=BrightRecogniser(),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert (found.codec, found.width, found.height) == ("h264", 320, 240)
    assert found.frame_rate == pytest.approx(25, abs=6)
    assert found.looked_at >= 2 and found.usable == found.faces == found.looked_at
    assert found.eye_distance_median == 60.0
    assert steps[-1] == (2, 2)


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "there is no such file or device"),
        (lambda path: path.write_bytes(b"no video\n" * 1000), "is not a video that can be read"),
        (lambda path: path.mkdir(), "is not a video that can be read"),
        (write_sound, "sends no video"),
    ],
)
def test_each_kind_of_wrong_file_has_its_own_sentence(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    file = tmp_path / "lobby.mp4"
    make(file)
    with pytest.raises(ClearglassError, match=says) as raised:
        opened(file, name="Lobby")
    assert "Lobby" in raised.value.message and raised.value.remedy
    assert "Error" not in str(raised.value)


def grown(script: str) -> tuple[float, str]:
    """Megabytes by which a process's peak memory grows while the script runs, and what the script prints."""
    whole = f"""
import resource
import av, cv2, numpy
from ingest.stream.av_source import AvSource
from matcher.errors import ClearglassError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{script}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=True, timeout=60)
    *said, figure = done.stdout.splitlines()
    return float(figure), "\n".join(said)


def test_a_giant_jpeg_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    import cv2

    giant = tmp_path / "giant.mjpeg"
    coded = cv2.imencode(".jpg", np.zeros((16000, 16000), np.uint8))[1].tobytes()
    giant.write_bytes(coded * 3)
    megabytes, said = grown(f"""
source = AvSource({str(giant)!r}, name="Lobby", paced=False)
try:
    source.open()
    for packet in source.packets():
        packet.decode(False)
except ClearglassError as error:
    print(error)
""")
    assert said == (
        "Lobby sends pictures of 16000×16000 pixels, and the most is 7680×4320. Set the camera to a lower resolution."
    )
    # One such picture has 256 million pixels; what remains are the packets themselves.
    assert megabytes < 60


@pytest.mark.slow
def test_a_giant_video_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    film = write_film(tmp_path / "giant.mp4", [np.zeros((4352, 7680, 3), np.uint8)])
    with pytest.raises(CameraStreamError, match="7680×4352 pixels, and the most is 7680×4320"):
        opened(film)


@pytest.mark.slow
@pytest.mark.parametrize("leap", [3600.0, -3600.0])
def test_time_stamps_that_leap_begin_a_new_time_line(tmp_path: Path, leap: float) -> None:
    """Two recordings of one second in one MPEG-TS file, an hour between their stamps."""
    clip = write_clip(tmp_path / "clip.mp4", seconds=1.0)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(stream_from(clip, begin) for begin in (4000.0, 4000.0 + leap)))
    source = opened(joined)
    began = time.monotonic()
    assert len(list(frames_of(source))) >= 48
    assert 1.5 < time.monotonic() - began < 6.0
    source.close()


def stream_from(clip: Path, begin: float) -> bytes:
    """The clip as MPEG-TS whose time stamps begin at this many seconds."""
    file = io.BytesIO()
    with av.open(str(clip)) as part, av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream_from_template(part.streams.video[0])
        for packet in part.demux(video=0):
            if packet.size:
                later = round(begin / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
                container.mux(packet)
    return file.getvalue()


def set_rate(stream: Any) -> None:
    stream.codec_context.framerate, stream.codec_context.time_base = Fraction(1, 9), Fraction(9, 1)


def test_a_source_closed_by_another_thread_ends_while_it_waits(tmp_path: Path) -> None:
    """A film of one frame in nine seconds: the reading thread waits for the second one to be due."""
    film = write_film(tmp_path / "slow.mp4", [corner(64, 64)] * 3, prepare=set_rate)
    source = opened(film)
    packets = source.packets()
    next(packets)
    rest: list[object] = []
    thread = threading.Thread(target=lambda: rest.extend(packets))
    thread.start()
    source.close()
    thread.join(5.0)
    assert not thread.is_alive() and rest == []


def test_packets_that_were_cut_short_are_counted(clip: Path, tmp_path: Path) -> None:
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
        source = AvSource(str(path), paced=False)
        source.open()
        for packet in source.packets():
            packet.decode(False)
        source.close()
        assert source.damaged == damaged


def test_a_measuring_source_tells_how_hard_frames_were_compressed(tmp_path: Path) -> None:
    measured = []
    for quantiser in (20, 40):
        clip = write_clip(tmp_path / f"{quantiser}.mp4", seconds=1.0, options={"qp": str(quantiser), "g": "1"})
        source = AvSource(str(clip), paced=False, measuring=True)
        source.open()
        told = [frame.quantisers() for packet in source.packets() if (frame := packet.decode(False)) is not None]
        source.close()
        assert told and all(one is not None and one.shape == (15, 20) for one in told)
        measured.append(float(np.mean(told)))  # type: ignore[arg-type]
    # The encoder compresses key frames three steps less than it was told.
    assert measured == pytest.approx([17, 37], abs=1)


def test_a_source_that_does_not_measure_tells_nothing(clip: Path) -> None:
    source = AvSource(str(clip), paced=False)
    source.open()
    frame = next(frame for packet in source.packets() if (frame := packet.decode(False)) is not None)
    assert frame.quantisers() is None
    source.close()


def test_frames_give_their_memory_back_without_pythons_collector(clip: Path) -> None:
    """A cycle through a frame keeps megabytes, and makes FFmpeg take new memory for each picture."""
    source = opened(clip, paced=False)
    gc.collect()
    gc.disable()
    try:
        for frame in frames_of(source):
            frame.shrunk(160, 120)
        del frame
        assert sum(type(one) is av.VideoFrame for one in gc.get_objects()) <= 2
    finally:
        gc.enable()
        source.close()
