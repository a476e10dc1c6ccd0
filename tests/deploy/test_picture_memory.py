"""What pictures cost the service itself in memory, while two operators send them at once.

`make picture-test` sends all of them, the large ones with the noise of a sensor; `make test` sends most.
"""

import contextlib
import itertools
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.recognition.image import encode_jpeg
from tests.process_memory import growth
from tests.sent_pictures import ALL, sent

pytestmark = pytest.mark.slow

GROWTH = 100_000_000
READ, REFUSED = {201}, {413, 422}
PASSWORD = "a long enough password for a test"


def portraits(face: Image) -> Mapping[str, bytes]:
    """Twelve megapixels, full of one face: more of them is looked at than of any other."""
    rest = np.random.default_rng(1).integers(-9, 10, (3000, 4000, 3))
    large = np.clip(cv2.resize(face, (4000, 3000), interpolation=cv2.INTER_CUBIC) + rest, 0, 255).astype(np.uint8)
    return {
        "portrait": encode_jpeg(large, 95),
        "portrait, lying": encode_jpeg(np.ascontiguousarray(np.rot90(large)), 95),
        "portrait, upside down": encode_jpeg(np.ascontiguousarray(large[::-1, ::-1]), 95),
    }


def logged_in(address: str, name: str, password: str = PASSWORD) -> httpx.Client:
    client = httpx.Client(base_url=f"{address}/api/v1", timeout=60.0)
    client.headers["X-CSRF-Token"] = client.post("/sessions", json={"name": name, "password": password}).json()["csrf"]
    return client


def operator(admin: httpx.Client, name: str) -> httpx.Client:
    first = "seven green lanterns at noon"
    answer = admin.post("/accounts", json={"name": name, "password": first, "role": "operator"})
    assert answer.status_code == 201, answer.text
    client = logged_in(str(admin.base_url).removesuffix("/api/v1/"), name, first)
    assert client.put("/account/password", json={"password": first, "new": PASSWORD}).status_code == 204
    return client


@pytest.mark.timeout(600)
def test_the_service_grows_little_whatever_is_sent(serve: Callable[..., Any], astronaut: Image, tmp_path: Path) -> None:
    pictures = {**portraits(astronaut[0:225, 75:375])} | {name: make() for name, (make, _) in sent().items()}
    names = list(pictures)
    half = len(names) // 2
    orders = [names, names] if ALL else [names[:half], names[half:]]
    with serve(tmp_path, CLEARGLASS_SEARCHES_PER_MINUTE="1000") as served:
        with contextlib.closing(logged_in(served.address, "admin")) as admin:
            clients = [operator(admin, name) for name in ("one", "other")]

        def send(client: httpx.Client, name: str) -> int:
            sending = {"file": ("picture", pictures[name])}
            return client.post("/identifications", data={"purpose": "door-opening"}, files=sending).status_code

        statuses: dict[str | None, int] = {}
        grown: dict[str, float] = {}
        with ThreadPoolExecutor(2) as threads, growth(served.process.pid) as most:
            for pair in itertools.zip_longest(*orders):
                most[0] = 0
                both = [(client, name) for client, name in zip(clients, pair, strict=True) if name]
                statuses |= dict(zip(pair, threads.map(lambda one: send(*one), both), strict=False))
                grown[" and ".join(name for _, name in both)] = most[0]
        for client in clients:
            client.close()
    sys.stdout.write("\n".join(f"{pair}: the service grew by {more / 1e6:.0f} MB" for pair, more in grown.items()))
    assert {statuses[name] for name in portraits(astronaut)} == READ
    assert [name for name, status in statuses.items() if status not in READ | REFUSED] == []
    assert {pair: more for pair, more in grown.items() if more > GROWTH} == {}
