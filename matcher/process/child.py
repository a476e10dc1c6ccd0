"""A process that this one starts, talks to over a socket pair and ends: the parent's side.

Four kinds of work run so: cameras, checks of cameras, pictures that people send, and the opening of a large gallery.
Each has its own messages. The child's side is in `matcher.process.child_process`.
"""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

from matcher.process.child_process import command, environment

GONE_SECONDS = 5.0
"""A killed process is gone at once, unless the kernel holds it (a dead disk or device): then nothing here waits on."""

STATUS_SECONDS = 1.0
"""A process that has closed its connection ends within that time."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Child:
    """One process, from `start` to `close`, and this side's end of the socket pair between the two.

    The process has the other end, the files that it is handed and none of the service's secrets. It reads no standard
    input, and what it prints is lost. For one thread at a time, but for `pid`.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", end: socket.socket) -> None:
        """Use `start`."""
        self._process = process
        self.end = end

    @classmethod
    def start(
        cls,
        module: str,
        *arguments: str,
        files: Sequence[int] = (),
        variables: Mapping[str, str] = _NONE,
        buffer: int | None = None,
    ) -> Self:
        """Runs a module of ours, whose first argument is the file descriptor of its end of the socket pair.

        arguments: what follows. files: descriptors that it gets beside. variables: added to its environment. buffer:
        bytes that may wait in each direction, or as many as the system allows. Raises OSError.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                if buffer is not None:
                    for end in (ours, theirs):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
                process = subprocess.Popen(
                    command(module, str(theirs.fileno()), *arguments),
                    pass_fds=(theirs.fileno(), *files),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**environment(), **variables},
                )
        except BaseException:
            ours.close()
            raise
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def send(self, data: bytes, *, until: float) -> None:
        """Sends all of it. until: by `time.monotonic`. Raises TimeoutError, and OSError where the process has gone."""
        self.end.settimeout(_left(until))
        self.end.sendall(data)

    def receive(self, place: memoryview, *, until: float) -> None:
        """Fills the place. until: by `time.monotonic`. Raises TimeoutError, and OSError where the process has gone."""
        while place:
            self.end.settimeout(_left(until))
            received = self.end.recv_into(place)
            if not received:
                raise ConnectionError("the process has gone")
            place = place[received:]

    def status(self) -> int | None:
        """What it ended with, a signal's number negative; None where it goes on for STATUS_SECONDS."""
        try:
            return self._process.wait(STATUS_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> bool:
        """Closes the connection and kills the process, wherever it is; whether it is gone. Safe to call twice."""
        self.end.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GONE_SECONDS)
            return True
        return False


def ending(status: int | None) -> str:
    """In words, what a process did by its `Child.status` after its connection was closed: "was ended by SIGKILL"."""
    if status is None:
        return "closed its connection"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _left(until: float) -> float:
    return max(0.001, until - time.monotonic())
