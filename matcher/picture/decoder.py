"""The service's side of the process that decodes pictures (`matcher.picture.decoder_process`)."""

import contextlib
import signal
import socket
import subprocess
import time

import numpy as np

from matcher.picture.decoding import KEPT_PIXELS
from matcher.picture.exchange import LENGTH, READY, SECONDS, Answer, UndecodedError, Verdict
from matcher.picture.pixel_array import Image
from matcher.process.child_process import command, environment

START_SECONDS = 30.0
"""How long the process may take to import its libraries and to confine itself. It takes half a second."""

GONE_SECONDS = 5.0
"""Seconds to wait for a killed process. It ends immediately unless the kernel holds it; then the service does not wait
longer."""

_BUFFER = 1 << 20
"""Bytes that may wait between the two, or as many as the system allows."""

_ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "4194304"}
"""Makes glibc return freed memory to the kernel immediately, so that neither a picture nor its memory stays in the
process."""


class Decoder:
    """One process that decodes pictures, one at a time. It is started when it is needed, and again after a failure.

    For one thread at a time. Close it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def decode(self, data: bytes, *, seconds: float = SECONDS) -> Image:
        """The picture, upright, of at most KEPT_PIXELS. seconds: after which its process is killed.

        Raises UndecodedError, and OSError where no process can be started.
        """
        end = self._end if self.pid is not None else self._start()
        assert end is not None  # noqa: S101 - for the type checker
        try:
            answer, image = _exchanged(end, data, until=time.monotonic() + seconds)
        except TimeoutError as error:
            self.close()
            raise UndecodedError(Answer(verdict=Verdict.SLOW, most=SECONDS)) from error
        except (OSError, ValueError) as error:
            verdict = Verdict.KILLED if isinstance(error, OSError) and self._was_killed() else Verdict.FAILED
            self.close()
            raise UndecodedError(Answer(verdict=verdict)) from error
        except BaseException:
            self.close()  # the rest of this answer would be read as the next one
            raise
        if image is None:
            raise UndecodedError(answer)
        return image

    def close(self) -> None:
        """Ends the process, also in the middle of a picture. Safe to call twice; another picture starts another
        process."""
        if self._end is not None:
            self._end.close()
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GONE_SECONDS)
        self._end = self._process = None

    def _was_killed(self) -> bool:
        """True if the process, whose end of the connection is closed, was killed by something other than this class."""
        assert self._process is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(GONE_SECONDS) == -signal.SIGKILL
        return False

    def _start(self) -> socket.socket:
        """Raises OSError."""
        self.close()
        self._end, theirs = socket.socketpair()
        try:
            with theirs:
                for end in (self._end, theirs):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
                self._process = _spawned(theirs)
            _receive(self._end, memoryview(bytearray(len(READY))), until=time.monotonic() + START_SECONDS)
        except BaseException:
            self.close()
            raise
        return self._end


def _spawned(end: socket.socket) -> "subprocess.Popen[bytes]":
    """Starts the process, which has this end of the socket pair and none of the service's secrets."""
    return subprocess.Popen(
        command("matcher.picture.decoder_process", str(end.fileno())),
        pass_fds=(end.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment(), **_ALLOCATOR},
    )


def _exchanged(end: socket.socket, data: bytes, *, until: float) -> tuple[Answer, Image | None]:
    """Reads the answer of the process, and the picture if there is one. Raises OSError, and ValueError for an invalid
    answer."""
    end.settimeout(max(0.001, until - time.monotonic()))
    end.sendall(LENGTH.pack(len(data)))
    end.sendall(data)
    header = bytearray(Answer.SIZE)
    _receive(end, memoryview(header), until=until)
    answer = Answer.unpacked(bytes(header))
    if answer.verdict is not Verdict.DECODED:
        return answer, None
    if not 0 < answer.width * answer.height <= KEPT_PIXELS:
        raise ValueError("a picture of no size that is sent")
    image = np.empty((answer.height, answer.width, 3), np.uint8)
    _receive(end, image.data.cast("B"), until=until)
    return answer, image


def _receive(end: socket.socket, place: memoryview, *, until: float) -> None:
    """Reads until the buffer is full. Raises TimeoutError, and OSError if the process has ended."""
    while place:
        end.settimeout(max(0.001, until - time.monotonic()))
        received = end.recv_into(place)
        if not received:
            raise ConnectionError("the process has gone")
        place = place[received:]
