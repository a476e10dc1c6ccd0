"""`clearglass serve` in a process of its own, and its HTTP client."""

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any

from benchmarks.harness.errors import MeasurementError
from matcher.clock import system_clock

ACCOUNT = "benchmark"
PURPOSE = "demo"
COMMAND = (sys.executable, "-m", "api.cli")
"""`clearglass`, in this interpreter."""
_START_SECONDS = 300.0
_STOP_SECONDS = 60.0
_REST_SECONDS, _REST_SHARE = 3.0, 0.1
"""A process is at rest if it uses less than this share of a core for this time."""

_ENVIRONMENT = {"CLEARGLASS_SEARCHES_PER_MINUTE": "100000", "CLEARGLASS_REQUESTS_PER_MINUTE": "100000"}


class RunningService:
    """A service that listens, and a keeper of its gallery who has logged in. Made by `serving`."""

    def __init__(self, process: "subprocess.Popen[str]", client: Any) -> None:
        self.process = process
        self._client = client

    def identify(self, picture: bytes) -> Sequence[str]:
        """The subjects that a search by picture finds."""
        answer = self._asked("POST", "/identifications", files={"file": picture}, data={"purpose": PURPOSE})
        return [candidate["subject_id"] for candidate in answer.json()["candidates"]]

    def enrol(self, picture: bytes) -> str:
        """Enrols a person by one picture; returns the subject's id."""
        data = {
            "name": "Eileen Collins",
            "purpose": PURPOSE,
            "valid_until": (system_clock() + timedelta(days=1)).isoformat(),
            "evidence_digest": "ab" * 32,
        }
        answer = self._asked("POST", "/subjects", files={"files": picture}, data=data)
        return str(answer.json()["subject"]["id"])

    def withdraw(self, subject_id: str) -> None:
        """Withdraws a person."""
        self._asked("DELETE", f"/subjects/{subject_id}")

    def read(self, path: str) -> Any:
        """What stands at a path of the API."""
        return self._asked("GET", path).json()

    def memory(self) -> int:
        """PSS in bytes."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_full_info().pss)

    def resident(self) -> int:
        """RSS in bytes."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_info().rss)

    def processor_seconds(self) -> Mapping[str, float]:
        """What it and the processes that helped it have used so far: their own instructions, and the kernel's."""
        import psutil

        used = psutil.Process(self.process.pid).cpu_times()
        return {"own": used.user + used.children_user, "kernel": used.system + used.children_system}

    def wait_for_rest(self) -> float:
        """Waits until it is at rest; returns the seconds."""
        import psutil

        process, began = psutil.Process(self.process.pid), time.monotonic()
        while time.monotonic() - began < _START_SECONDS:
            before = process.cpu_times()
            time.sleep(_REST_SECONDS)
            after = process.cpu_times()
            if after.user + after.system - before.user - before.system < _REST_SHARE * _REST_SECONDS:
                return time.monotonic() - began - _REST_SECONDS
        raise MeasurementError("The service did not come to rest.", remedy="Look what it is doing (py-spy, top).")

    def _asked(self, method: str, path: str, **content: Any) -> Any:
        answer = self._client.request(method, path, **content)
        if answer.is_error:
            raise MeasurementError(f"{method} {path} was answered by {answer.text}", remedy="Look at the answer.")
        return answer


def add_keeper(folder: Path) -> str:
    """Makes the data folder with the one account that may do all of it; its password."""
    return add_account(folder, ACCOUNT, "operator")


def add_account(folder: Path, name: str, role: str) -> str:
    """Adds an account, by the command; its password. The first one makes the folder."""
    password = secrets.token_urlsafe(12)
    arguments = ("account", "add", name, "--role", role, "--data", str(folder))
    subprocess.run([*COMMAND, *arguments], input=password + "\n", text=True, check=True, capture_output=True)
    return password


@contextmanager
def serving(
    folder: Path,
    password: str,
    *,
    command: Sequence[str] = COMMAND,
    pass_fds: Sequence[int] = (),
    socket_options: Sequence[tuple[int, int, int]] = (),
) -> Iterator[RunningService]:
    """The service, from its process's start until the keeper has logged in; it ends with the block.

    command: what runs `clearglass`. pass_fds: open files that its process has too. socket_options: of the keeper's
    connections, as setsockopt takes them.
    """
    import httpx

    process = subprocess.Popen(
        [*command, "serve", "--data", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
        env={**os.environ, **_ENVIRONMENT},
    )
    try:
        address = _address(process)
        transport = httpx.HTTPTransport(trust_env=False, socket_options=socket_options)
        with httpx.Client(
            base_url=f"{address}/api/v1", timeout=_START_SECONDS, trust_env=False, transport=transport
        ) as client:
            answer = client.post("/sessions", json={"name": ACCOUNT, "password": password})
            answer.raise_for_status()
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield RunningService(process, client)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def forget_files() -> bool:
    """Drops the system's file cache, for a cold start; returns true if this process may."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")
    except OSError:
        return False
    return True


def _address(process: "subprocess.Popen[str]") -> str:
    """What the service prints when it listens."""
    patience = Timer(_START_SECONDS, process.kill)
    patience.start()
    line = "" if process.stdout is None else process.stdout.readline()
    patience.cancel()
    found = re.search(r"http://\S+", line)
    if found is None:
        raise MeasurementError("The service did not start.", remedy="Run `clearglass serve` and look at its words.")
    return found.group()
