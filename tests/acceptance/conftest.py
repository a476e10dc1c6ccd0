"""The real server as its own process, real RTSP servers, a real browser."""

import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import httpx
import pytest

START_SECONDS = 60.0


@dataclass(kw_only=True)
class Clearglass:
    """A running `clearglass serve`: its address, its process, and the passwords of its accounts."""

    address: str
    folder: Path
    process: subprocess.Popen[str]
    passwords: dict[str, str]
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, name: str) -> httpx.Client:
        """An HTTP client logged in as this account."""
        client = httpx.Client(base_url=f"{self.address}/api/v1", timeout=30, trust_env=False)
        self.clients.append(client)
        answer = client.post("/sessions", json={"name": name, "password": self.passwords[name]})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client


SETTINGS = {"CLEARGLASS_ALLOW_LOOPBACK": "true", "CLEARGLASS_ALLOWED_PORTS": "1-65535"}
"""Test cameras are on this machine."""


def command(*arguments: object, stdin: str = "", status: int = 0) -> str:
    """Runs `clearglass …` to its end, with this exit status, and returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | SETTINGS,
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def eventually(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Waits until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def clearglass(tmp_path: Path) -> Iterator[Clearglass]:
    with serving(tmp_path / "data", "ada", "grace", "admin") as running:
        yield running


@contextmanager
def serving(folder: Path, *accounts: str) -> Iterator[Clearglass]:
    """The service on a new folder, as a process of its own. accounts: the logins; admin's is an administrator."""
    passwords = {name: secrets.token_urlsafe(12) for name in accounts}
    owner, *others = passwords

    def add(name: str, password: str) -> None:
        role = "administrator" if name == "admin" else "operator"
        command("account", "add", name, "--role", role, "--data", folder, stdin=f"{password}\n")

    add(owner, passwords[owner])
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--data", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | SETTINGS,
    )
    running = Clearglass(address=_address(process), folder=folder, process=process, passwords=passwords)
    try:
        for name in others:
            given = secrets.token_urlsafe(12)
            add(name, given)
            # Somebody else set the password: its owner changes it.
            own = f"{given}\n{passwords[name]}\n"
            command("account", "password", name, "--own", "--data", folder, stdin=own)
        yield running
    finally:
        for client in running.clients:
            client.close()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    """The address that the server prints when it listens."""
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda out: deque(map(lines.put, out), 0), args=(process.stdout,), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except Empty:
        process.kill()
        raise AssertionError("the server printed no address") from None
    found = re.search(r"http://\S+", line)
    assert found, line
    return found.group()
