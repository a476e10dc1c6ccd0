"""The process of a check: what it tells, and that nothing is left of it however it ends."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
from ingest_stub import BreakingRecogniser, BrightRecogniser

from ingest.address import AddressPolicy
from ingest.camera import Camera, Credentials
from ingest.channel import Channel, ChannelClosedError
from ingest.check import CameraCheck
from ingest.check_process import CheckProcess, _spawn
from ingest.message import CheckFailed, CheckProgress, CheckStart

PATIENCE = 60.0
PASSWORD = "canary-e1f0"

MakeStart = Callable[..., CheckStart]


@pytest.fixture
def start(policy: AddressPolicy, clip: Path) -> MakeStart:
    def made(factory: Callable[[], object] = BrightRecogniser, *, address: str = str(clip)) -> CheckStart:
        login = Credentials(username="admin", password=PASSWORD)
        camera = Camera(id="one", name="one", address=address, purpose="entry", credentials=login)
        return CheckStart(camera=camera, policy=policy, seconds=30.0, recogniser_factory=factory)  # type: ignore[arg-type]

    return made


def processes() -> list[psutil.Process]:
    """Those of checks that this one has started and not buried."""
    return [one for one in psutil.Process().children() if one.is_running() and "ingest.check_process" in one.cmdline()]


def ignored(gone: float) -> None:
    pass


def failed(start: CheckStart, **options: float) -> CheckFailed:
    found = CheckProcess(start, **options).run(ignored)
    assert isinstance(found, CheckFailed) and found.message and found.remedy
    assert processes() == []
    return found


def test_a_stream_is_looked_at_and_progress_told(start: MakeStart) -> None:
    told: list[float] = []
    found = CheckProcess(start()).run(told.append)
    assert isinstance(found, CameraCheck)
    assert (found.codec, found.width, found.frames) == ("h264", 320, 100)
    assert found.faces == found.looked_at > 0
    assert told == sorted(told) and told[0] == 0.0
    assert processes() == []


def test_why_a_camera_cannot_be_looked_at_arrives(start: MakeStart, tmp_path: Path) -> None:
    assert failed(start(address=str(tmp_path / "none.mp4"))).code == "camera_address_invalid"
    (tmp_path / "none.mp4").write_bytes(b"no film" * 100)
    assert failed(start(address=str(tmp_path / "none.mp4"))).code == "camera_stream"


def test_a_crash_is_told_by_the_signal(start: MakeStart) -> None:
    found = failed(start(os.abort))
    assert found.code == "check_failed" and "SIGABRT" in found.message


def test_what_breaks_is_told_by_its_kind_and_not_by_its_words(start: MakeStart) -> None:
    found = failed(start(BreakingRecogniser))
    assert "RuntimeError in ingest_stub.py" in found.message
    assert "canary" not in found.message


def test_a_process_that_says_nothing_is_killed(start: MakeStart) -> None:
    assert "hung" in failed(start(partial(time.sleep, 600)), patience=0.3).message


def test_a_process_that_does_not_end_is_killed(start: MakeStart) -> None:
    class Talking:
        def send(self, message: object) -> None:
            pass

        def flush(self) -> bool:
            return True

        def receive(self, timeout: float) -> list[object]:
            return [CheckProgress(gone=0.0)]

    endless = CheckProcess(CheckStart(**{**vars(start()), "seconds": 0.1}), patience=0.1)
    found = endless._follow(Talking(), ignored)  # type: ignore[arg-type]
    assert isinstance(found, CheckFailed) and "longer" in found.message


def test_a_stopped_check_leaves_no_process(start: MakeStart) -> None:
    check = CheckProcess(start(partial(time.sleep, 600)))
    running = threading.Thread(target=check.run, args=(ignored,))
    running.start()
    wait_for(processes)
    (process,) = processes()
    check.stop()
    running.join(PATIENCE)
    assert not running.is_alive() and not process.is_running()


def test_a_login_and_the_services_secrets_are_in_no_argument_and_no_environment(
    start: MakeStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARGLASS_MASTER_KEY", PASSWORD)
    check = CheckProcess(start(partial(time.sleep, 600)))
    running = threading.Thread(target=check.run, args=(ignored,))
    running.start()
    try:
        wait_for(processes)
        (process,) = processes()
        assert PASSWORD not in " ".join(process.cmdline())
        assert PASSWORD not in " ".join(process.environ().values())
    finally:
        check.stop()
        running.join(PATIENCE)


def test_a_process_without_a_service_ends(start: MakeStart) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = _spawn(theirs)
    channel = Channel(ours, trusting=False)
    channel.send(start())
    try:
        while not channel.receive(PATIENCE):
            pass
    except ChannelClosedError:
        pytest.fail("the check did not begin")
    channel.close()
    assert process.wait(PATIENCE) == 0


def test_a_service_that_checks_cameras_has_no_decoder_in_it() -> None:
    code = "import sys, api.service, api.camera_checks; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
