"""One camera's worker process: starts it, kills it, and reads its exit status."""

import socket
import subprocess

from matcher.process.child_process import command, environment

GONE_SECONDS = 5.0
"""Seconds to wait for a killed process. It ends immediately unless the kernel holds it (a dead disk or device); then
the keeper does not wait longer."""

STATUS_SECONDS = 1.0
"""Seconds in which a worker that has closed its connection ends."""


class WorkerProcess:
    """Runs once it is made. end: the worker's end of the socket pair; it has that, the file of CpuSlots and none of the
    service's secrets."""

    def __init__(self, end: socket.socket, cpu_slots: int) -> None:
        self._process = subprocess.Popen(
            command("ingest.worker.worker", str(end.fileno()), str(cpu_slots)),
            pass_fds=(end.fileno(), cpu_slots),
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
        """Kills it; returns true if it has ended."""
        self._process.kill()
        try:
            self._process.wait(GONE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def status(self) -> int | None:
        """Its exit status, or the negative number of a signal; None while it runs."""
        try:
            return self._process.wait(STATUS_SECONDS)
        except subprocess.TimeoutExpired:
            return None
