import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.stream import backlog as module
from ingest.stream.backlog import Backlog
from ingest.stream.packet import Packet


def packet(number: int, *, key: bool = False, size: int = 1) -> Packet:
    return Packet(arrived=float(number), key=key, size=size, decode=lambda afresh: None)


@given(st.lists(st.sampled_from(["key", "other", "take", "clear"])))
def test_it_hands_out_what_the_newest_frame_needs_and_counts_the_rest(steps: list[str]) -> None:
    backlog = Backlog()
    kept: list[int] = []
    torn, taken = False, 0
    for number, step in enumerate(steps):
        if step == "take":
            packets, said = backlog.take()
            assert [one.arrived for one in packets] == kept
            assert said is torn
            taken, kept, torn = taken + bool(kept), [], False
            continue
        if step in ("key", "clear"):
            kept, torn = [], torn or bool(kept)
        if step == "clear":
            backlog.clear()
        else:
            kept = [*kept, number]
            backlog.put(packet(number, key=step == "key"))
    put = steps.count("key") + steps.count("other")
    assert backlog.dropped == put - taken - len(kept)


@pytest.mark.parametrize(("limit", "most"), [("MOST_PACKETS", 3), ("MOST_BYTES", 30)])
def test_a_camera_without_key_frames_fills_no_memory(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(module, limit, most)
    backlog = Backlog()
    for number in range(4):
        backlog.put(packet(number, size=10))
    packets, torn = backlog.take()
    assert ([one.arrived for one in packets], torn) == ([3.0], True)


def test_who_waits_is_woken() -> None:
    backlog = Backlog()
    threading.Timer(0.05, backlog.put, (packet(1),)).start()
    began = time.monotonic()
    assert backlog.wait(5.0)
    assert time.monotonic() - began < 2.0
    assert backlog.wait(0.0)


def test_nothing_comes() -> None:
    backlog = Backlog()
    assert not backlog.wait(0.01)
    assert backlog.take() == ([], False)
