"""The process of a check: its messages, and that nothing is left of it after any end."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ingest.camera.picture_shape import PictureShape
from ingest.check.check import CameraCheck
from ingest.check.check_process import CheckProcess, from_check
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.factory import Factory
from ingest.messages.message import CheckFailed, CheckStart
from matcher.process.child import Child

pytestmark = pytest.mark.slow

PATIENCE = 60.0
PASSWORD = "canary-e1f0"

MakeStart = Callable[..., CheckStart]


@pytest.fixture
def start(clip: Path) -> MakeStart:
    def made(
        factory: str = "tests.ingest.stubs.ingest_stub:BrightRecogniser", *, place: str = str(clip), **changes: object
    ) -> CheckStart:
        fields = {"name": "The camera's file", "shape": PictureShape(), "endless": False, "seconds": 30.0}
        times = {"open_seconds": 5.0, "stall_seconds": 3.0, "min_eye_distance": 20.0}
        made_by = {"recogniser_factory": Factory(name=factory)}
        return CheckStart(**{"place": place, **made_by, **fields, **times, **changes})  # type: ignore[arg-type]

    return made


def processes() -> list[psutil.Process]:
    """Those of checks that this one has started and not buried."""
    return [
        one for one in psutil.Process().children() if one.is_running() and "ingest.check.check_process" in one.cmdline()
    ]


def ignored(gone: float) -> None:
    pass


def failed(start: CheckStart, *, patience: float = PATIENCE) -> CheckFailed:
    found = CheckProcess(patience=patience).run(start, ignored)
    assert isinstance(found, CheckFailed) and found.message and found.remedy
    assert processes() == []
    return found


def test_a_stream_is_looked_at_and_progress_told(start: MakeStart) -> None:
    told: list[float] = []
    found = CheckProcess().run(start(), told.append)
    assert isinstance(found, CameraCheck)
    assert (found.codec, found.width, found.frames) == ("h264", 320, 100)
    assert found.faces == found.looked_at > 0
    assert told == sorted(told) and told[0] == 0.0
    assert processes() == []


def test_why_a_camera_cannot_be_looked_at_arrives(start: MakeStart, tmp_path: Path) -> None:
    assert failed(start(place=str(tmp_path / "none.mp4"))).code == "camera_unreachable"
    (tmp_path / "none.mp4").write_bytes(b"no film" * 100)
    assert failed(start(place=str(tmp_path / "none.mp4"))).code == "camera_stream"


def test_a_crash_is_told_by_the_signal(start: MakeStart) -> None:
    found = failed(start("os:abort"))
    assert found.code == "check_failed" and "SIGABRT" in found.message


def test_what_breaks_is_told_by_its_place_and_not_by_its_words(start: MakeStart) -> None:
    found = failed(start("tests.ingest.stubs.ingest_stub:BreakingRecogniser"))
    assert "an error in its own code (ingest_stub.py:" in found.message
    assert "canary" not in found.message and "RuntimeError" not in found.message


def test_a_process_that_says_nothing_is_killed(start: MakeStart) -> None:
    assert "hung" in failed(start("tests.ingest.stubs.ingest_stub:hang"), patience=0.3).message


ENDLESS = """
import socket, sys, time
from ingest.check.check_process import to_check
from ingest.messages.channel import Channel
from ingest.messages.message import CheckProgress
channel = Channel(socket.socket(fileno=int(sys.argv[1])), receives=to_check())
while True:
    channel.send(CheckProgress(gone=0.0))
    channel.flush()
    time.sleep(0.05)
"""


def test_a_process_that_does_not_end_is_killed(start: MakeStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.process.child.command", lambda _, end: [sys.executable, "-c", ENDLESS, end])
    told: list[float] = []
    pids: set[int] = set()

    def progress(gone: float) -> None:
        told.append(gone)
        pids.update(one.pid for one in psutil.Process().children() if ENDLESS in one.cmdline())

    found = CheckProcess(patience=5.0).run(start(seconds=1.0), progress)
    assert isinstance(found, CheckFailed) and "longer" in found.message
    assert told
    (pid,) = pids
    assert not psutil.pid_exists(pid)


def test_a_stopped_check_leaves_no_process(start: MakeStart) -> None:
    check = CheckProcess()
    running = threading.Thread(target=check.run, args=(start("tests.ingest.stubs.ingest_stub:hang"), ignored))
    running.start()
    wait_for(processes)
    (process,) = processes()
    check.stop()
    running.join(PATIENCE)
    assert not running.is_alive() and not process.is_running()


def test_an_address_and_the_services_secrets_are_in_no_argument_and_no_environment(
    start: MakeStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARGLASS_MASTER_KEY", PASSWORD)
    check = CheckProcess()
    started = start("tests.ingest.stubs.ingest_stub:hang", place=f"rtsp://127.0.0.1:1/{PASSWORD}")
    running = threading.Thread(target=check.run, args=(started, ignored))
    running.start()
    try:
        wait_for(processes)
        (process,) = processes()
        assert PASSWORD not in " ".join(process.cmdline())
        assert PASSWORD not in " ".join(process.environ().values())
    finally:
        check.stop()
        running.join(PATIENCE)


def test_code_run_in_a_check_reaches_neither_the_data_folder_nor_the_network(start: MakeStart, tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    key.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as other:
        arguments = {"forbidden": str(key), "port": other.getsockname()[1]}
        confined = Factory(name="tests.ingest.stubs.ingest_stub:ConfinedRecogniser", arguments=arguments)
        found = CheckProcess().run(start(forbidden=(str(tmp_path),), recogniser_factory=confined), ignored)
    assert isinstance(found, CameraCheck)
    assert found.faces > 0


def test_a_process_without_a_service_ends(start: MakeStart) -> None:
    process = Child.start("ingest.check.check_process")
    channel = Channel(process.end, receives=from_check())
    channel.send(start())
    try:
        while not channel.receive(PATIENCE):
            pass
    except ChannelClosedError:
        pytest.fail("the check did not begin")
    channel.close()
    wait_for(lambda: not process.running)
    assert process.status() == 0


def test_a_service_that_checks_cameras_has_no_decoder_in_it() -> None:
    code = "import sys, api.service, api.camera_checks; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
