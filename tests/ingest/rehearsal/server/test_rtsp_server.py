import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film.film import make_substream
from ingest.rehearsal.film.scene import Scene
from ingest.rehearsal.server.rtsp_server import RtspServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(scene: Scene) -> Iterator[RtspServer]:
    with RtspServer({"lobby": scene.path, "yard": scene.path}) as running:
        yield running


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Path:
    """The scene's first second, copied packet by packet."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    with av.open(str(scene.path)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in islice(source.demux(video=0), 25):
            packet.stream = stream
            target.mux(packet)
    return path


def opened(url: str) -> Any:
    # A short probe: an ordinary one reads more than a second of the stream before it answers.
    return av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "100000"}, timeout=10)


def frames(url: str, count: int) -> list[Any]:
    with opened(url) as container:
        return list(islice(container.decode(video=0), count))


def test_a_viewer_gets_the_files_own_frames(server: RtspServer, scene: Scene) -> None:
    with av.open(str(scene.path)) as container:
        [original] = islice(container.decode(video=0), 1)
    [first, *_] = frames(server.url("lobby"), 3)
    assert (first.width, first.height) == (1280, 720)
    assert (first.to_ndarray() == original.to_ndarray()).all()


def test_it_keeps_the_pace(server: RtspServer) -> None:
    with opened(server.url("yard")) as container:
        decoded = container.decode(video=0)
        next(decoded)
        start = time.monotonic()
        for _ in range(50):
            next(decoded)
        assert 1.2 < time.monotonic() - start < 4.0


def test_the_file_starts_over_and_time_runs_on(short: Path) -> None:
    with RtspServer({"loop": short}) as server:
        seen = frames(server.url("loop"), 60)
    moments = [frame.pts * frame.time_base for frame in seen[1:]]  # FFmpeg gives the first frame no time
    assert moments == sorted(set(moments))
    assert float(moments[-1] - moments[0]) == pytest.approx(58 / 25, abs=0.1)
    assert (seen[30].to_ndarray() == seen[5].to_ndarray()).all()


def test_more_viewers_than_asyncios_own_threads_would_serve(server: RtspServer) -> None:
    results: list[int] = []
    viewers = [threading.Thread(target=lambda: results.append(len(frames(server.url("lobby"), 5)))) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join(40)
    assert results == [5] * 8


def test_it_tells_when_a_viewer_was_sent_the_first_frame(scene: Scene) -> None:
    with RtspServer({"lobby": scene.path}) as server:
        assert server.plays("lobby") == ()
        before = datetime.now(UTC)
        frames(server.url("lobby"), 1)
        [played] = server.plays("lobby")
    assert before <= played <= datetime.now(UTC)


def test_an_unknown_mount_is_not_found(server: RtspServer) -> None:
    with pytest.raises(RehearsalError, match="no mount"):
        server.url("cellar")
    with pytest.raises(av.FFmpegError, match="404"):
        opened(server.url("lobby").replace("lobby", "cellar"))
    with pytest.raises(av.FFmpegError, match="404"):
        opened(server.url("lobby").replace("lobby", "..%2F..%2Fetc%2Fpasswd"))


def test_a_login_is_asked_for_and_taken(scene: Scene) -> None:
    with RtspServer({"lobby": scene.path}, login=("admin", "right")) as server:
        url = server.url("lobby")
        assert "admin" not in url
        for wrong in (url, url.replace("//", "//admin:wrong@"), url.replace("//", "//other:right@")):
            with pytest.raises(av.FFmpegError, match="401"):
                opened(wrong)
        assert frames(url.replace("//", "//admin:right@"), 1)


def test_killed_it_breaks_off_and_comes_back_on_the_same_port(scene: Scene) -> None:
    with RtspServer({"lobby": scene.path}) as server:
        url, pid = server.url("lobby"), server.pid
        with opened(url) as container:
            decoded = container.decode(video=0)
            next(decoded)
            server.kill()
            with pytest.raises((av.FFmpegError, StopIteration)):
                for _ in range(200):
                    next(decoded)
        with pytest.raises(av.FFmpegError):
            opened(url)
        server.start()
        assert server.url("lobby") == url
        assert server.pid != pid
        assert frames(url, 1)


def test_a_stopped_server_leaves_nothing_behind(scene: Scene) -> None:
    threads, files = threading.active_count(), psutil.Process().num_fds()
    server = RtspServer({"lobby": scene.path})
    for end in (server.stop, server.kill):
        server.start()
        pid = server.pid
        end()
        end()
        assert not psutil.pid_exists(pid)
    assert (threading.active_count(), psutil.Process().num_fds()) == (threads, files)


def test_a_taken_port_and_a_missing_file_are_told(scene: Scene, server: RtspServer) -> None:
    with pytest.raises(RehearsalError, match="in use") as caught:
        RtspServer({"lobby": scene.path}, port=server.port).start()
    assert caught.value.code == "rehearsal_failed"
    with pytest.raises(RehearsalError, match=r"missing\.mp4"):
        RtspServer({"lobby": Path("missing.mp4")}).start()


PARENT = """
import sys, time
from pathlib import Path
from ingest.rehearsal.server.rtsp_server import RtspServer
server = RtspServer({"lobby": Path(sys.argv[1])})
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_a_parent_that_was_killed(scene: Scene) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(scene.path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        child.wait(10)


def test_the_command_serves_until_it_is_told_to_end(scene: Scene) -> None:
    command = [sys.executable, "-m", "ingest.rehearsal", str(scene.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert frames(process.stdout.readline().strip(), 1)
        process.terminate()
        assert process.wait(10) == 0


def test_the_viewers_of_a_cameras_two_streams_see_the_same_moment(scene: Scene, tmp_path: Path) -> None:
    small = make_substream(scene.path, tmp_path / "small.mp4", width=320, height=180)
    mounts = {"yard": scene.path, "small": small}
    with av.open(str(small)) as container:
        originals = [frame.to_ndarray() for frame in container.decode(video=0)]
    with RtspServer(mounts, substreams={"small": "yard"}) as server, opened(server.url("yard")) as first:
        next(first.decode(video=0))
        time.sleep(1.5)
        joined = frames(server.url("small"), 1)[0].to_ndarray()
        (place,) = [number for number, original in enumerate(originals) if np.array_equal(original, joined)]
        assert place >= 25 and place % 25 == 0, "a key frame of now, and not the film's beginning"


def test_the_help_names_the_troubles() -> None:
    command = [sys.executable, "-m", "ingest.rehearsal", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    assert "?slow=2&loss=0.01" in told
    assert all(f"  {name}=" in told for name in ("loss", "udponly", "auth", "ts"))
