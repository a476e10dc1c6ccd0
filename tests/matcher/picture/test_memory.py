"""What pictures cost in memory while two are decoded at once: of the processes that decode them.

`make picture-test` does all of them and repeats the large ones with the noise of a sensor; `make test` does most.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image as Pillow

from matcher.picture.decoder import Decoder
from matcher.picture.decoding import JPEG_MEMORY, KEPT_PIXELS, MEMORY
from matcher.picture.exchange import Answer, UndecodedError, Verdict
from matcher.recognition.image import MAX_BYTES
from tests.process_memory import memory
from tests.sent_pictures import ALL, saved, sent

pytestmark = pytest.mark.slow

IDLE_MEMORY = 60_000_000
"""Bytes that a process may have between two pictures; with its libraries loaded it has 30 to 40 million."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The result for one picture, and the most bytes that its process had meanwhile."""

    name: str
    verdict: Verdict
    limit: int
    most: int

    @classmethod
    def of(cls, decoder: Decoder, name: str, data: bytes) -> "Cost":
        pid = decoder.pid
        assert pid is not None
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the most until now
        try:
            height, width, _ = decoder.decode(data, seconds=60.0).shape
            assert height * width <= KEPT_PIXELS
            answer = Answer(verdict=Verdict.DECODED)
        except UndecodedError as undecoded:
            answer = undecoded.answer
        assert decoder.pid == pid, f"{name}: its process ended"
        limit = JPEG_MEMORY if name.startswith("JPEG") else MEMORY
        return cls(name=name, verdict=answer.verdict, limit=limit, most=memory(pid, "VmHWM"))


def settles(decoder: Decoder) -> bool:
    """True if its process soon has no more memory than between two pictures: it frees memory after its answer."""
    end = time.monotonic() + 5.0
    while memory(str(decoder.pid), "VmRSS") > IDLE_MEMORY and time.monotonic() < end:
        time.sleep(0.05)
    return memory(str(decoder.pid), "VmRSS") <= IDLE_MEMORY


@pytest.fixture
def two_decoders() -> Iterator[list[Decoder]]:
    two = [Decoder(), Decoder()]
    for one in two:
        one.decode(saved(Pillow.new("RGB", (8, 8)), "JPEG"))
    yield two
    for one in two:
        one.close()


def test_pictures_stay_within_their_memory(two_decoders: list[Decoder]) -> None:
    """One operator sends them from first to last, the other from last to first, at once."""
    wanted = sent()
    pictures = {name: make() for name, (make, _) in wanted.items()}
    assert [name for name, data in pictures.items() if len(data) > MAX_BYTES] == []
    names = list(pictures)

    def send(decoder: Decoder, order: list[str]) -> list[Cost]:
        return [Cost.of(decoder, name, pictures[name]) for name in order]

    half = len(names) // 2
    orders = [names, names[::-1]] if ALL else [names[:half], names[half:]]
    with ThreadPoolExecutor(2) as threads:
        costs = [cost for costs in threads.map(send, two_decoders, orders) for cost in costs]
    told = [f"{cost.name}: {cost.verdict.name}, {cost.most / 1e6:.0f} MB" for cost in costs]
    sys.stdout.write("\n".join([*told, ""]))
    assert {cost.name for cost in costs} == set(pictures)
    assert [cost for cost in costs if cost.most > cost.limit] == []
    assert [cost for cost in costs if cost.verdict not in wanted[cost.name][1]] == []
    assert all(settles(one) for one in two_decoders), "nothing stays of the pictures"
