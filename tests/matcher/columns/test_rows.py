import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.columns.rows import Rows

numbers = st.lists(st.integers(0, 5_000), unique=True, max_size=20)


@given(st.lists(st.tuples(numbers, st.booleans()), max_size=6))
def test_it_holds_what_was_put_and_not_dropped(changes: list[tuple[list[int], bool]]) -> None:
    rows, expected = Rows(2, np.float16), dict[int, list[float]]()
    for step, (changed, dropped) in enumerate(changes, start=1):
        at = np.array(changed, dtype=np.int64)
        if dropped:
            rows.drop(at)
            expected = {number: vector for number, vector in expected.items() if number not in changed}
        else:
            rows.put(at, np.full((len(at), 2), step, dtype=np.float32))
            expected |= {number: [step, step] for number in changed}
        assert len(rows) == len(expected)
        assert rows.numbers().tolist() == sorted(expected)
        assert {number: rows.vectors[number].tolist() for number in expected} == expected
        assert not rows.vectors[~rows.held].any(), "what was dropped is still there"


def test_who_reads_goes_on_in_what_there_was_before_it_grew() -> None:
    rows = Rows(2, np.float32)
    rows.put(np.array([1]), np.ones((1, 2)))
    held, vectors = rows.held, rows.vectors
    rows.put(np.array([100_000]), np.ones((1, 2)))
    assert held[1]
    assert vectors[1].tolist() == rows.vectors[1].tolist() == [1, 1]
    assert len(rows.vectors) > 100_000


def test_unknown_numbers_are_passed_over() -> None:
    rows = Rows(2, np.float32)
    rows.drop(np.array([-1, 7, 1 << 40]))
    assert len(rows) == 0
