import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.recognition.networks.polygon import Point, area, within

SQUARE: list[Point] = [(0, 0), (4, 0), (4, 4), (0, 4)]


def turned(side: float, degrees: float, across: float, down: float) -> list[Point]:
    """A square around (across, down)."""
    radius, begin = side / math.sqrt(2), math.radians(degrees)
    angles = [begin + quarter * math.pi / 2 for quarter in range(4)]
    return [(across + radius * math.cos(angle), down + radius * math.sin(angle)) for angle in angles]


@pytest.mark.parametrize(
    ("low", "high", "left"),
    [
        ((-1, -1), (5, 5), 16),
        ((0, 0), (4, 4), 16),
        ((2, -1), (5, 5), 8),
        ((1, 1), (2, 3), 2),
        ((4, 0), (8, 4), 0),
        ((9, 9), (10, 10), 0),
        ((2, 2), (2, 2), 0),
    ],
)
def test_the_area_in_a_rectangle(low: Point, high: Point, left: float) -> None:
    assert area(within(SQUARE, low, high)) == pytest.approx(left)
    assert area(within(SQUARE[::-1], low, high)) == pytest.approx(left), "either way round"


def test_a_corner_cut_off_a_square_that_stands_on_its_corner() -> None:
    diamond = [(0.0, -2.0), (2.0, 0.0), (0.0, 2.0), (-2.0, 0.0)]
    assert area(within(diamond, (1, -9), (9, 9))) == pytest.approx(1)


@pytest.mark.parametrize("corners", [[], [(1.0, 1.0)], [(0.0, 0.0), (3.0, 3.0)]])
def test_fewer_than_three_corners_have_no_area(corners: list[Point]) -> None:
    assert area(within(corners, (-9, -9), (9, 9))) == 0


@given(
    side=st.floats(0.1, 100),
    degrees=st.floats(0, 360),
    across=st.floats(-60, 160),
    down=st.floats(-60, 160),
    split=st.floats(0, 100),
)
def test_the_parts_on_both_sides_of_a_line_make_the_whole(
    side: float, degrees: float, across: float, down: float, split: float
) -> None:
    square = turned(side, degrees, across, down)
    inside = area(within(square, (0, 0), (100, 100)))
    left, right = area(within(square, (0, 0), (split, 100))), area(within(square, (split, 0), (100, 100)))
    assert left + right == pytest.approx(inside, abs=1e-6)
    assert -1e-9 <= inside <= side**2 + 1e-6
    assert area(within(square, (-999, -999), (999, 999))) == pytest.approx(side**2)
