from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ingest.stream.backoff import Backoff


@given(first=st.floats(0.01, 10), cap=st.floats(0.01, 10), randoms=st.randoms())
def test_waits_grow_to_the_cap_and_never_over_it(first: float, cap: float, randoms: Random) -> None:
    backoff = Backoff(first=first, cap=cap, draw=randoms)
    for attempt in range(40):
        limit = min(cap, first * 2**attempt)
        assert limit / 2 <= backoff.next() <= limit
    backoff.reset()
    assert backoff.next() <= min(first, cap)


def test_two_cameras_do_not_come_back_together() -> None:
    assert len({Backoff(first=4.0).next() for _ in range(20)}) > 10
