"""The real service under attack: half-open connections, stalled uploads and the largest pictures, all at once.

`make attack-test` does it at full size for a minute and prints what it found; `make test` some of it for some seconds.
All of it comes from one address, which is that of the others as well.
"""

import asyncio
import contextlib
import os
import resource
import socket
import statistics
import sys
import threading
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

FULL = os.environ.get("CLEARGLASS_ATTACK") == "full"
HALF_OPEN, STALLED, SECONDS = (1_000, 50, 60.0) if FULL else (150, 10, 8.0)
PASSWORD = "a long enough password for a test"
UPLOAD = 95_000_000
PICTURE = 20 * 1024 * 1024
PATIENCE = 60.0


@pytest.fixture(scope="module")
def largest() -> bytes:
    """As many pixels and nearly as many bytes as a picture may have."""
    noise = np.random.default_rng(1).integers(0, 40, (FIFTY[1], FIFTY[0], 3), dtype=np.uint8)
    picture = Pillow.fromarray(noise)
    data = max(
        (data for quality in (60, 75, 85, 92) if len(data := saved(picture, "JPEG", quality=quality)) < PICTURE),
        key=len,
    )
    assert len(data) > PICTURE // 3
    return data


@dataclass
class Attack:
    """Connections that are held half open and uploads that stall; one that is closed is begun again a second later."""

    address: str
    tokens: list[str]
    closed: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(asyncio.run, self._run())
            try:
                yield
            finally:
                self._over.set()
                done.result(PATIENCE)

    async def _run(self) -> None:
        half = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-"
        tasks = [asyncio.create_task(self._hold(half)) for _ in range(HALF_OPEN)]
        for number in range(STALLED):
            lines = (
                "POST /api/v1/subjects HTTP/1.1",
                "Host: localhost",
                f"Authorization: Bearer {self.tokens[number % len(self.tokens)]}",
                "Content-Type: multipart/form-data; boundary=b",
                f"Content-Length: {UPLOAD}",
            )
            head = "\r\n".join([*lines, "", ""]).encode()
            tasks.append(asyncio.create_task(self._hold(head + b"--b\r\n" + bytes(1_000_000))))
        while not self._over.is_set():
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self, sent: bytes) -> None:
        parts = urlsplit(self.address)
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                try:
                    writer.write(sent)
                    while await reader.read(65_536):
                        pass
                    self.closed += 1
                finally:
                    writer.close()
            await asyncio.sleep(1.0)


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
    """So many may be open here, and in processes that are started meanwhile."""
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
    with _files(4096), serve(tmp_path, **settings) as served:
        tokens = _tokens(served.address, ["one", "two", "other"])
        attack = Attack(served.address, [tokens["one"], tokens["two"]])
        until = time.monotonic() + SECONDS
        health, identified, large, memory = Asked(), Asked(), Asked(), [0]

        def identify(name: str, picture: bytes) -> Callable[[], httpx.Response]:
            def send() -> httpx.Response:
                return httpx.post(
                    f"{served.address}/api/v1/identifications",
                    headers={"Authorization": f"Bearer {tokens[name]}"},
                    data={"purpose": "door-opening"},
                    files={"file": ("x.jpg", picture)},
                    timeout=PATIENCE,
                    verify=False,  # no certificates to load each time
                )

            return send

        def watch() -> None:
            while time.monotonic() < until:
                memory[0] = max(memory[0], _resident(served.process.pid))
                time.sleep(0.5)

        with attack.running(), ThreadPoolExecutor(8) as threads:
            time.sleep(2.0)
            working = [
                threads.submit(
                    health.ask,
                    lambda: httpx.get(f"{served.address}/api/v1/health", timeout=PATIENCE, verify=False),
                    until,
                    0.1,
                ),
                threads.submit(identified.ask, identify("other", astronaut_jpeg), until, 0.3),
                threads.submit(watch),
                *(threads.submit(large.ask, identify(name, largest), until, 0.0) for name in ("one", "two") * 2),
            ]
            for one in working:
                one.result(SECONDS + 3 * PATIENCE)
        sys.stdout.write(
            f"\n{HALF_OPEN} half-open connections and {STALLED} stalled uploads, closed {attack.closed} times\n"
            f"health: {health}\nidentification of another operator: {identified}\nlargest pictures: {large}\n"
            f"resident memory: {memory[0] / 1e9:.2f} GB at most; the machine's load: {os.getloadavg()[0]:.1f}\n"
        )
        assert httpx.get(f"{served.address}/api/v1/health", timeout=PATIENCE, verify=False).status_code == 200
    assert attack.closed > STALLED
    assert set(large.statuses) <= {201, 422, 503}
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
            answer = httpx.get(f"{served.address}/api/v1/health", timeout=PATIENCE, verify=False)
            assert answer.status_code == 200
            found = httpx.post(
                f"{served.address}/api/v1/identifications",
                headers={"Authorization": f"Bearer {token}"},
                data={"purpose": "door-opening"},
                files={"file": ("x.jpg", astronaut_jpeg)},
                timeout=PATIENCE,
                verify=False,
            )
            assert found.status_code == 201, found.text
