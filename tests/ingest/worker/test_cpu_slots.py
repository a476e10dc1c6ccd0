import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

import pytest

from ingest.worker import cpu_slots as module
from ingest.worker.cpu_slots import CpuSlots

HOLDER = """
import sys
from ingest.worker.cpu_slots import CpuSlots
cpu_slots = CpuSlots(int(sys.argv[1]), places=1)
print(cpu_slots.enter(5.0), flush=True)
sys.stdin.readline()
cpu_slots.leave()
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
    cpu_slots = CpuSlots(shared.fileno(), places=1)
    assert not cpu_slots.enter(0.05)
    assert holder.stdin is not None and holder.stdout is not None
    holder.stdin.write("leave\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "left\n"
    assert cpu_slots.enter(5.0)
    cpu_slots.leave()


def test_a_dead_workers_turn_is_over(shared: IO[bytes], holder: "subprocess.Popen[str]") -> None:
    cpu_slots = CpuSlots(shared.fileno(), places=1)
    assert not cpu_slots.enter(0.0)
    holder.kill()
    holder.wait()
    assert cpu_slots.enter(5.0)
    cpu_slots.leave()


def test_a_second_place_is_free(shared: IO[bytes], holder: "subprocess.Popen[str]") -> None:
    cpu_slots = CpuSlots(shared.fileno(), places=2)
    assert cpu_slots.enter(0.0)
    cpu_slots.leave()


def test_nobody_waits_for_ever_for_one_that_hangs(
    shared: IO[bytes], holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.2)
    cpu_slots = CpuSlots(shared.fileno(), places=1)
    assert not cpu_slots.enter(0.0)
    assert cpu_slots.enter(5.0)
    cpu_slots.leave()
    assert not cpu_slots.enter(0.0), "the next wait is a new one"
