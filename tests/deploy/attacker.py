"""Attacks a service for some seconds, in a process of its own, so that it takes no time from who measures.

Reads what to do as JSON from standard input, and writes what came of it as JSON. A connection that the service closes
is made again a second later.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HALF = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-"
UPLOAD = 95_000_000


def _post(path: str, token: str, length: int) -> bytes:
    lines = (
        f"POST /api/v1/{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {length}",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def _form(picture: bytes) -> bytes:
    purpose = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndoor-opening\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
    return purpose + file + picture + b"\r\n--b--\r\n"


class Attacker:
    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname, parts.port
        self.closed = 0
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []

    async def hold(self, sent: bytes) -> None:
        """Sends that, and waits until it is closed; again and again."""
        while True:
            with contextlib.suppress(OSError):
                await self._exchange(sent)
                self.closed += 1
            await asyncio.sleep(1.0)

    async def send(self, sent: bytes) -> None:
        """Sends that, and takes its answer; again and again."""
        while True:
            began = time.monotonic()
            try:
                status = (await self._exchange(sent)).partition(b"\r\n")[0].decode() or "closed"
            except OSError as error:
                status = type(error).__name__
            self.statuses[status] += 1
            self.seconds.append(time.monotonic() - began)

    async def _exchange(self, sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(sent)
            return await reader.read()
        finally:
            writer.close()


async def attack(order: dict[str, Any]) -> dict[str, Any]:
    attacker, tokens = Attacker(order["address"]), order["tokens"]
    form = _form(Path(order["picture"]).read_bytes())
    stalled = [_post("subjects", token, UPLOAD) + b"--b\r\n" + bytes(1_000_000) for token in tokens]
    work = [attacker.hold(HALF) for _ in range(order["half_open"])]
    work += [attacker.hold(stalled[number % len(stalled)]) for number in range(order["stalled"])]
    work += [attacker.send(_post("identifications", token, len(form)) + form) for token in tokens * 2]
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(order["seconds"])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {"closed": attacker.closed, "statuses": attacker.statuses, "seconds": attacker.seconds}


if __name__ == "__main__":
    json.dump(asyncio.run(attack(json.load(sys.stdin))), sys.stdout)
