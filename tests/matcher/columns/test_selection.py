from hypothesis import given
from hypothesis import strategies as st

from matcher.columns.selection import Selection

numbers = st.sets(st.integers(0, 200), max_size=40)


@given(numbers, numbers, numbers, st.integers(0, 30), st.integers(0, 300))
def test_it_is_a_set(first: set[int], added: set[int], dropped: set[int], eighth: int, count: int) -> None:
    selection = Selection.of(first)
    later = selection.changed(added, included=True).changed(dropped, included=False)
    expected = (first | added) - dropped
    assert len(later) == len(expected)
    assert {number for number in range(300) if number in later} == expected
    assert all(number < later.end for number in expected)
    begin = 8 * eighth
    mask = later.mask(begin, begin + count)
    assert mask.tolist() == [begin + place in expected for place in range(count)]
    assert {number for number in range(300) if number in selection} == first, "one that was handed out changed"


def test_no_number_below_nought_is_in_it() -> None:
    assert -1 not in Selection.of([7])
    assert 8 not in Selection.of([7])
