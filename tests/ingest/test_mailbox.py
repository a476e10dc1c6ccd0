import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.mailbox import Mailbox


@given(st.lists(st.sampled_from(["put", "take"])))
def test_it_hands_out_the_newest_and_counts_what_was_replaced(steps: list[str]) -> None:
    mailbox: Mailbox[int] = Mailbox()
    slot, dropped = None, 0
    for number, step in enumerate(steps):
        if step == "put":
            dropped += slot is not None
            slot = number
            mailbox.put(number)
        else:
            assert mailbox.take(0) == slot
            slot = None
    assert mailbox.dropped == dropped
    assert mailbox.put_count == steps.count("put")


def test_a_taker_is_woken() -> None:
    mailbox: Mailbox[str] = Mailbox()
    threading.Timer(0.05, mailbox.put, ("frame",)).start()
    began = time.monotonic()
    assert mailbox.take(5.0) == "frame"
    assert time.monotonic() - began < 2.0


def test_nothing_comes() -> None:
    assert Mailbox[int]().take(0.01) is None
