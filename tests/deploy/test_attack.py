"""The real service under attack: half-open connections, stalled uploads and the largest pictures, all at once.

`make attack-test` does it at full size for a minute and prints what it found; `make test` some of it for some seconds.
All of it comes from one address, which is that of the others as well.
"""

import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image as Pillow

from tests.sent_pictures import FIFTY, saved

pytestmark = pytest.mark.slow

FULL = os.environ.get("CLEARGLASS_ATTACK") == "full"
HALF_OPEN, STALLED, SECONDS = (1_000, 50, 60.0) if FULL else (150, 10, 8.0)
PASSWORD = "a long enough password for a test"
PICTURE = 20 * 1024 * 1024
PATIENCE = 60.0


@pytest.fixture(scope="module")
def largest() -> bytes:
    """A picture with the most pixels and nearly the most bytes that are allowed."""
    noise = np.random.default_rng(1).integers(0, 40, (FIFTY[1], FIFTY[0], 3), dtype=np.uint8)
    picture = Pillow.fromarray(noise)
    data = max(
        (data for quality in (60, 75, 85, 92) if len(data := saved(picture, "JPEG", quality=quality)) < PICTURE),
        key=len,
    )
    assert len(data) > PICTURE // 3
    return data


@contextlib.contextmanager
def _attack(order: dict[str, Any]) -> Iterator[Callable[[], dict[str, Any]]]:
    """Attacks while the block runs; then gives what came of it."""
    command = [sys.executable, str(Path(__file__).with_name("attacker.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(order))
            process.stdin.close()
            process.stdin = None
            yield lambda: json.loads(process.communicate(timeout=order["seconds"] + PATIENCE)[0])
        finally:
            process.kill()


def _login(address: str, name: str) -> httpx.Client:
    client = httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE, verify=False)
    client.headers["X-CSRF-Token"] = client.post("/sessions", json={"name": name, "password": PASSWORD}).json()["csrf"]
    return client


def _tokens(address: str, names: list[str]) -> dict[str, str]:
    tokens = {}
    with contextlib.closing(_login(address, "admin")) as admin:
        for name in names:
            account = admin.post("/accounts", json={"name": name, "password": PASSWORD, "role": "operator"}).json()
            made = admin.post(f"/accounts/{account['id']}/tokens", json={"name": "attack"})
            assert made.status_code == 201, made.text
            tokens[name] = made.json()["secret"]
    return tokens


@dataclass
class Asked:
    """What came of requests that were made again and again, each on a connection of its own."""

    statuses: list[int | str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def ask(self, request: Callable[[], httpx.Response], until: float, pause: float) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                self.statuses.append(request().status_code)
            except httpx.HTTPError as error:
                self.statuses.append(type(error).__name__)
            self.seconds.append(time.monotonic() - began)
            time.sleep(pause)

    def share(self, status: int) -> float:
        return self.statuses.count(status) / len(self.statuses)

    def quantile(self, share: float) -> float:
        return statistics.quantiles(self.seconds, n=1000, method="inclusive")[round(share * 1000) - 1]

    def __str__(self) -> str:
        counts = {status: self.statuses.count(status) for status in sorted(set(self.statuses), key=str)}
        quantiles = f"p50 {self.quantile(0.5):.3f} s, p99 {self.quantile(0.99):.3f} s, most {max(self.seconds):.3f} s"
        return f"{len(self.statuses)} times, {quantiles}, {counts}"


def _health(address: str) -> httpx.Response:
    return httpx.get(f"{address}/api/v1/health", timeout=PATIENCE, verify=False)


def _identify(address: str, token: str, picture: bytes) -> httpx.Response:
    return httpx.post(
        f"{address}/api/v1/identifications",
        headers={"Authorization": f"Bearer {token}"},
        data={"purpose": "door-opening"},
        files={"file": ("x.jpg", picture)},
        timeout=PATIENCE,
        verify=False,  # no certificates to load each time
    )


def _resident(pid: int) -> int:
    """The service's and its children's memory, what they share counted once."""
    total = 0
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += one.memory_full_info().pss
    return total


def _memory_limit(deploy: Path) -> int:
    unit = (deploy / "systemd/clearglass.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("MemoryMax=")]
    return int(line.removeprefix("MemoryMax=").removesuffix("G")) << 30


@contextlib.contextmanager
def _files(most: int) -> Iterator[None]:
    """This many may be open here, and in processes that are started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(600)
def test_others_are_served_while_a_few_ask_for_all_there_is(
    serve: Any, deploy: Path, tmp_path: Path, largest: bytes, astronaut_jpeg: bytes
) -> None:
    settings = {"CLEARGLASS_SEARCHES_PER_MINUTE": "10000", "CLEARGLASS_REQUESTS_PER_MINUTE": "10000"}
    if not FULL:
        settings |= {"CLEARGLASS_HEAD_SECONDS": "3", "CLEARGLASS_BODY_SECONDS": "3"}
    (tmp_path / "largest.jpg").write_bytes(largest)
    with _files(4096), serve(tmp_path, **settings) as served:
        tokens = _tokens(served.address, ["one", "two", "other"])
        health, identified, memory = Asked(), Asked(), [0]
        order = {
            "address": served.address,
            "tokens": [tokens["one"], tokens["two"]],
            "picture": str(tmp_path / "largest.jpg"),
            "half_open": HALF_OPEN,
            "stalled": STALLED,
            "seconds": SECONDS + 5.0,
        }
        with _attack(order) as result, ThreadPoolExecutor(3) as threads:
            time.sleep(4.0)  # until all of it is there
            until = time.monotonic() + SECONDS

            def watch() -> None:
                while time.monotonic() < until:
                    memory[0] = max(memory[0], _resident(served.process.pid))
                    time.sleep(0.5)

            working = [
                threads.submit(health.ask, lambda: _health(served.address), until, 0.1),
                threads.submit(
                    identified.ask, lambda: _identify(served.address, tokens["other"], astronaut_jpeg), until, 0.3
                ),
                threads.submit(watch),
            ]
            for one in working:
                one.result(SECONDS + 2 * PATIENCE)
            attacked = result()
        sys.stdout.write(
            f"\n{HALF_OPEN} half-open connections and {STALLED} stalled uploads, closed {attacked['closed']} times\n"
            f"health: {health}\nidentification of another operator: {identified}\n"
            f"largest pictures: {attacked['statuses']}\n"
            f"resident memory: {memory[0] / 1e9:.2f} GB at most; the machine's load: {os.getloadavg()[0]:.1f}\n"
        )
        assert _health(served.address).status_code == 200
    assert attacked["closed"] > STALLED
    assert health.share(200) == 1.0
    assert identified.share(201) >= 0.99
    assert 0 < memory[0] < _memory_limit(deploy)
    if FULL:
        assert health.quantile(0.99) <= 1.0


def test_more_connections_than_file_descriptors_do_no_harm(serve: Any, tmp_path: Path, astronaut_jpeg: bytes) -> None:
    with contextlib.ExitStack() as stack:
        with _files(256):
            served = stack.enter_context(serve(tmp_path))
        token = _tokens(served.address, ["other"])["other"]
        parts = urlsplit(served.address)
        for _ in range(300):
            stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)).sendall(
                b"GET"
            )
        for _ in range(5):
            assert _health(served.address).status_code == 200
            found = _identify(served.address, token, astronaut_jpeg)
            assert found.status_code == 201, found.text
