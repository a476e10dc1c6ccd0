"""One camera's worker process: how it is started, killed, and what it ended with."""

import socket
import subprocess

from matcher.process.child_process import command, environment

GONE_SECONDS = 5.0
"""A killed process is gone at once, unless the kernel holds it (a dead disk or device): then nothing here waits on."""

STATUS_SECONDS = 1.0
"""A worker that has closed its connection ends within that time."""


class WorkerProcess:
    """Runs once it is made. end: the worker's end of the socket pair; it has that, the turnstile's file and none of the
    service's secrets."""

    def __init__(self, end: socket.socket, turnstile: int) -> None:
        self._process = subprocess.Popen(
            command("ingest.worker.worker", str(end.fileno()), str(turnstile)),
            pass_fds=(end.fileno(), turnstile),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            close_fds=True,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def kill(self) -> bool:
        """Kills it; whether it is gone."""
        self._process.kill()
        try:
            self._process.wait(GONE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def status(self) -> int | None:
        """What it ended with, a signal's number negative; None while it goes on."""
        try:
            return self._process.wait(STATUS_SECONDS)
        except subprocess.TimeoutExpired:
            return None
