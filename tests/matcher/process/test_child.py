"""A process of our own: what it is handed, what it is not, and that nothing is left of it however it ends."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from matcher.process.child import Child, ending

SECONDS = 20.0

SAYS = "import os, socket, sys, time; end = socket.socket(fileno=int(sys.argv[1]));"

Start = Callable[..., Child]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a process that runs the code, which has its end as `end`."""
    with ExitStack() as children:

        def started(code: str, *arguments: str, **options: object) -> Child:
            monkeypatch.setattr(
                "matcher.process.child.command", lambda _, *rest: [sys.executable, "-S", "-c", SAYS + code, *rest]
            )
            child = Child.start("module", *arguments, **options)  # type: ignore[arg-type]
            children.callback(child.close)
            return child

        yield started


def received(child: Child, count: int, *, seconds: float = SECONDS) -> bytes:
    data = bytearray(count)
    child.receive(memoryview(data), until=time.monotonic() + seconds)
    return bytes(data)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_child_gets_its_end_its_files_and_no_secret(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLEARGLASS_MASTER_KEY", "canary")
    monkeypatch.setenv("https_proxy", "canary")
    with (tmp_path / "kept").open("w") as kept, (tmp_path / "handed").open("w") as handed:
        os.set_inheritable(kept.fileno(), False)
        child = start(
            "import json; files = {n: os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') "
            "if os.path.exists(f'/proc/self/fd/{n}')};"
            "said = json.dumps([sys.argv[1:], files, dict(os.environ)]).encode();"
            "end.sendall(len(said).to_bytes(4, 'big') + said); end.recv(1)",
            str(handed.fileno()),
            files=(handed.fileno(),),
            variables={"ADDED": "yes"},
        )
        arguments, files, variables = json.loads(received(child, int.from_bytes(received(child, 4), "big")))
        assert arguments == [next(number for number, name in files.items() if "socket" in name), str(handed.fileno())]
        assert sorted(name.split(":")[0] for name in files.values()) == sorted(
            ["/dev/null"] * 3 + ["socket", str(tmp_path / "handed")]
        )
    assert "canary" not in variables.values()
    assert variables["ADDED"] == "yes" and variables["OMP_NUM_THREADS"] == "1"


def test_what_is_sent_arrives_whole_in_both_directions(start: Start) -> None:
    child = start(
        "data = b''\nwhile len(data) < 3_000_000: data += end.recv(1 << 20)\nend.sendall(data[::-1])", buffer=1 << 20
    )
    child.send(b"a" * 2_999_999 + b"z", until=time.monotonic() + SECONDS)
    assert received(child, 3_000_000) == b"z" + b"a" * 2_999_999
    assert child.status() == 0 and not child.running


def test_a_silent_child_is_waited_for_no_longer_than_said_and_killed(start: Start) -> None:
    child = start("end.sendall(b'+'); time.sleep(600)")
    received(child, 1)
    os.kill(child.pid, signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        received(child, 1, seconds=0.1)
    with pytest.raises(TimeoutError):
        child.send(bytes(50_000_000), until=time.monotonic() + 0.1)
    assert time.monotonic() - begun < SECONDS
    assert child.running
    assert child.close() is True
    assert not psutil.pid_exists(child.pid)
    assert child.close() is True


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("pass", "ended with status 0"),
        ("sys.exit(3)", "ended with status 3"),
        ("os.abort()", "was ended by SIGABRT"),
        ("end.close(); time.sleep(600)", "closed its connection"),
    ],
)
def test_how_a_child_ended_is_told(start: Start, monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    child = start(code)
    with pytest.raises(ConnectionError):
        received(child, 1)
    monkeypatch.setattr("matcher.process.child.STATUS_SECONDS", 0.2 if "closed" in told else SECONDS)
    assert ending(child.status()) == told


def test_a_program_that_is_not_there_leaves_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.process.child.command", lambda *_: ["/no/such/program"])
    before = open_files()
    with pytest.raises(FileNotFoundError):
        Child.start("module")
    assert open_files() == before


def test_a_child_that_was_closed_leaves_no_file_open(start: Start) -> None:
    before = open_files()
    start("time.sleep(600)").close()
    assert open_files() == before
