"""The process that decodes pictures: what it may do, and what comes of its failures."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from matcher.picture.decoder import Decoder
from matcher.picture.decoders import Decoders
from matcher.picture.decoding import libheif_version
from matcher.picture.exchange import READY, Answer, UndecodedError, Verdict
from matcher.process.child_process import environment
from matcher.recognition.image import DecoderError, decode_image

CONFINED = """
import json, os, socket, sys
from matcher.picture.decoding import load_libraries
from matcher.process.sandbox import isolate
load_libraries()
holds = isolate()

def refused(attempt):
    try:
        attempt()
    except PermissionError:
        return True
    return False

file, port, parent = sys.argv[1], int(sys.argv[2]), os.getppid()
print(json.dumps([holds.gaps, {
    "read a file": refused(lambda: open(file)),
    "read a library": refused(lambda: open(json.__file__)),
    "write a file": refused(lambda: open(file + ".new", "w")),
    "list a folder": refused(lambda: os.listdir(os.path.dirname(file))),
    "make a file in memory": refused(lambda: os.memfd_create("x")),
    "connect": refused(lambda: socket.create_connection(("127.0.0.1", port), 5)),
    "make a socket": refused(socket.socket),
    "start a process": refused(os.fork),
    "end another": refused(lambda: os.kill(parent, 0)),
}]))
"""


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (6, 4), (255, 0, 0)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def decoder(jpeg: bytes) -> Iterator[Decoder]:
    """One whose process runs."""
    opened = Decoder()
    opened.decode(jpeg)
    yield opened
    opened.close()


def pid_of(decoder: Decoder) -> int:
    assert decoder.pid is not None
    return decoder.pid


def verdict(decoder: Decoder, data: bytes, *, seconds: float = 20.0) -> Verdict:
    with pytest.raises(UndecodedError) as told:
        decoder.decode(data, seconds=seconds)
    return told.value.answer.verdict


def test_a_confined_process_opens_nothing_and_connects_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("secret")
    done = subprocess.run(
        [sys.executable, "-P", "-c", CONFINED, str(tmp_path / "master.key"), "9"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    gaps, refused = json.loads(done.stdout)
    assert gaps == []
    assert refused == dict.fromkeys(refused, True)


def test_the_process_that_decodes_is_confined(decoder: Decoder) -> None:
    process = Path(f"/proc/{pid_of(decoder)}")
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert (status["Seccomp"], status["NoNewPrivs"], status["Threads"]) == ("2", "1", "1")
    open_files = {str(file.readlink()) for file in (process / "fd").iterdir()}
    assert {file.split(":")[0] for file in open_files} == {"/dev/null", "socket"}
    assert "CLEARGLASS_" not in (process / "environ").read_text()
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        assert resource.prlimit(pid_of(decoder), limit) == (0, 0)


def test_libheif_is_one_without_the_faults_of_2026() -> None:
    """A picture could take over a process that had an older one; 1.23.5 fixed the last that is known."""
    assert tuple(map(int, libheif_version().split("."))) >= (1, 23, 5)


def test_one_process_takes_one_picture_after_the_other(decoder: Decoder, jpeg: bytes) -> None:
    before = decoder.pid
    assert verdict(decoder, b"no picture") is Verdict.FORMAT
    assert verdict(decoder, b"") is Verdict.FORMAT
    assert verdict(decoder, jpeg[:200]) is Verdict.BROKEN
    assert decoder.decode(jpeg).shape == (4, 6, 3)
    assert decoder.pid == before


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_one_works(decoder: Decoder, jpeg: bytes) -> None:
    hung = pid_of(decoder)
    os.kill(hung, signal.SIGSTOP)
    begun = time.monotonic()
    assert verdict(decoder, jpeg, seconds=0.3) is Verdict.SLOW
    assert time.monotonic() - begun < 2
    assert not Path(f"/proc/{hung}").exists()
    assert decoder.decode(jpeg).shape == (4, 6, 3)


@pytest.mark.parametrize(("ended_by", "told"), [(signal.SIGKILL, Verdict.KILLED), (signal.SIGSEGV, Verdict.FAILED)])
def test_a_process_that_dies_fails_its_picture_and_no_other(
    decoder: Decoder, jpeg: bytes, ended_by: signal.Signals, told: Verdict
) -> None:
    """The kernel kills when it is short of memory, and that is not the picture's fault; a crash may be."""
    os.kill(pid_of(decoder), signal.SIGSTOP)
    dies = threading.Timer(0.2, os.kill, (pid_of(decoder), ended_by))
    goes_on = threading.Timer(0.3, os.kill, (pid_of(decoder), signal.SIGCONT))
    dies.start()
    if ended_by is not signal.SIGKILL:
        goes_on.start()
    assert verdict(decoder, jpeg) is told
    dies.join()
    assert decoder.decode(jpeg).shape == (4, 6, 3)


def test_a_picture_is_not_blamed_for_a_killed_process(monkeypatch: pytest.MonkeyPatch, jpeg: bytes) -> None:
    ours = Decoders(at_once=1)
    monkeypatch.setattr("matcher.recognition.image.decoders", lambda: ours)
    decode_image(jpeg)
    os.kill(ours.pids()[0], signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (ours.pids()[0], signal.SIGKILL)).start()
    with pytest.raises(DecoderError, match="was killed"):
        decode_image(jpeg)
    ours.close()


def test_a_process_that_died_meanwhile_is_replaced(decoder: Decoder, jpeg: bytes) -> None:
    os.kill(pid_of(decoder), signal.SIGKILL)
    end = time.monotonic() + 10.0
    while decoder.pid is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert decoder.decode(jpeg).shape == (4, 6, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x63" + bytes(Answer.SIZE - 1),
        Answer(verdict=Verdict.DECODED).packed(),
        Answer(verdict=Verdict.DECODED, width=2**20, height=2**20).packed(),
        Answer(verdict=Verdict.DECODED, width=5000, height=5000).packed(),
        Answer(verdict=Verdict.DECODED, width=2, height=2).packed() + bytes(11),
    ],
    ids=["none", "no verdict", "no pixels", "a terabyte", "too many pixels", "cut short"],
)
def test_what_is_no_answer_fails_the_picture(answer: bytes, jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that a picture has taken over may say anything."""
    liar = f"import os, sys; os.write(int(sys.argv[1]), {READY + answer!r}); os.read(int(sys.argv[1]), 100)"
    monkeypatch.setattr("matcher.process.child.command", lambda _, end: [sys.executable, "-S", "-c", liar, end])
    decoder = Decoder()
    assert verdict(decoder, jpeg) is Verdict.FAILED
    assert decoder.pid is None


def test_without_a_process_it_says_so(monkeypatch: pytest.MonkeyPatch, jpeg: bytes) -> None:
    ours = Decoders()
    monkeypatch.setattr("matcher.recognition.image.decoders", lambda: ours)
    monkeypatch.setattr("matcher.process.child.command", lambda *_: ["/no/such/program"])
    with pytest.raises(DecoderError, match="cannot be started"):
        decode_image(jpeg)
    monkeypatch.setattr("matcher.process.child.command", lambda *_: [sys.executable, "-S", "-c", "raise SystemExit(1)"])
    with pytest.raises(DecoderError, match="cannot be started"):
        decode_image(jpeg)
    monkeypatch.undo()
    ours.close()


def test_two_are_decoded_at_once_and_others_wait(jpeg: bytes) -> None:
    several = Decoders(at_once=2)
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(several.decode, [jpeg] * 40))
    assert len(several.pids()) in {1, 2}
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    several.close()
    assert several.pids() == []
    assert several.decode(jpeg).shape == (4, 6, 3)
    several.close()


@pytest.mark.slow
def test_it_ends_with_its_service(jpeg: bytes) -> None:
    """Also with one that is killed."""
    code = (
        "import sys, time; from matcher.picture.decoders import decoders;"
        "decoders().decode(sys.stdin.buffer.read()); print(*decoders().pids(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        assert service.stdin is not None and service.stdout is not None
        with service.stdin as given:
            given.write(jpeg)
        process = Path("/proc") / service.stdout.readline().decode().strip()
        assert process.exists()
        service.kill()
    end = time.monotonic() + 10
    while process.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not process.exists()
