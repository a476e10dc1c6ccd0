from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.relay.rtp_counter import RtpCounter


def counted(sequences: Sequence[int], source: int = 1) -> tuple[int, int]:
    counter = RtpCounter()
    for sequence in sequences:
        counter.take(source, sequence & 0xFFFF)
    return counter.received, counter.lost


@given(start=st.integers(0, 65535), left_out=st.sets(st.integers(1, 498), max_size=200))
def test_every_packet_that_is_missing_is_counted_also_where_the_number_wraps(start: int, left_out: set[int]) -> None:
    sequences = [start + step for step in range(500) if step not in left_out]
    assert counted(sequences) == (len(sequences), len(left_out))


@pytest.mark.parametrize(
    ("sequences", "lost"),
    [
        ([1, 2, 3, 5, 4, 6], 1),
        ([1, 2, 2, 3], 0),
        ([10, 11, 40000, 40001], 0),
        ([10, 11, 12, 3015], 0),
        ([10, 11, 12, 3012], 2999),
    ],
    ids=["late", "twice", "begun again", "beyond the greatest dropout", "the greatest dropout"],
)
def test_what_is_and_what_is_not_a_loss(sequences: list[int], lost: int) -> None:
    assert counted(sequences)[1] == lost


def test_another_source_begins_its_own_sequence() -> None:
    counter = RtpCounter()
    assert [counter.take(1, 7), counter.take(2, 500), counter.take(2, 503)] == [0, 0, 2]
