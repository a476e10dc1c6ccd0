"""Turns of a picture, as arithmetic and as pixels."""

from itertools import product

import numpy as np
import pytest

from ingest.stream.turn import Turn, turn_of_matrix
from tests.ingest.stubs.clips import corner, quarters

TURNS = [Turn(quarters=number, mirrored=mirrored) for number, mirrored in product(range(4), (False, True))]


def test_what_a_rotation_clockwise_and_a_mirror_do() -> None:
    picture = corner(60, 40)
    assert quarters(picture) == (2, 0, 1, 1)
    assert quarters(Turn(quarters=1).applied(picture)) == (1, 2, 1, 0)
    assert quarters(Turn(quarters=2).applied(picture)) == (1, 1, 0, 2)
    assert quarters(Turn(quarters=3).applied(picture)) == (0, 1, 2, 1)
    assert quarters(Turn(mirrored=True).applied(picture)) == (0, 2, 1, 1)
    assert quarters(Turn(quarters=1, mirrored=True).applied(picture)) == (2, 1, 0, 1), "the mirror comes after"
    assert Turn(quarters=1).applied(picture).shape == (60, 40, 3)


@pytest.mark.parametrize("first", TURNS)
@pytest.mark.parametrize("second", TURNS)
def test_two_turns_in_one_are_both_after_each_other(first: Turn, second: Turn) -> None:
    picture = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4)
    both = first.then(second)
    np.testing.assert_array_equal(both.applied(picture), second.applied(first.applied(picture)))
    assert both.changes_sides == (first.changes_sides != second.changes_sides)


def test_a_matrix_of_another_size_turns_nothing() -> None:
    assert turn_of_matrix(b"") == Turn()
    assert turn_of_matrix(bytes(36)) == Turn(), "nor does one of zeros"
