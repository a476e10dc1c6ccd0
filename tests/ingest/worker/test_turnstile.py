import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

import pytest

from ingest.worker import turnstile as module
from ingest.worker.turnstile import Turnstile

HOLDER = """
import sys
from ingest.worker.turnstile import Turnstile
turnstile = Turnstile(int(sys.argv[1]), places=1)
print(turnstile.enter(5.0), flush=True)
sys.stdin.readline()
turnstile.leave()
print("left", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def shared() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


@pytest.fixture
def holder(shared: IO[bytes]) -> Iterator["subprocess.Popen[str]"]:
    """Another process, in its turn at the only place."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLDER, str(shared.fileno())]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(shared.fileno(),),
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_turn_comes_when_another_ends(shared: IO[bytes], holder: "subprocess.Popen[str]") -> None:
    turnstile = Turnstile(shared.fileno(), places=1)
    assert not turnstile.enter(0.05)
    assert holder.stdin is not None and holder.stdout is not None
    holder.stdin.write("leave\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "left\n"
    assert turnstile.enter(5.0)
    turnstile.leave()


def test_a_dead_workers_turn_is_over(shared: IO[bytes], holder: "subprocess.Popen[str]") -> None:
    turnstile = Turnstile(shared.fileno(), places=1)
    assert not turnstile.enter(0.0)
    holder.kill()
    holder.wait()
    assert turnstile.enter(5.0)
    turnstile.leave()


def test_a_second_place_is_free(shared: IO[bytes], holder: "subprocess.Popen[str]") -> None:
    turnstile = Turnstile(shared.fileno(), places=2)
    assert turnstile.enter(0.0)
    turnstile.leave()


def test_nobody_waits_for_ever_for_one_that_hangs(
    shared: IO[bytes], holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.2)
    turnstile = Turnstile(shared.fileno(), places=1)
    assert not turnstile.enter(0.0)
    assert turnstile.enter(5.0)
    turnstile.leave()
    assert not turnstile.enter(0.0), "the next wait is a new one"
