"""A convex polygon, and the part of it that lies in a picture."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

Point = tuple[float, float]


def area(corners: Sequence[Point]) -> float:
    """In squares of the corners' unit; 0 of fewer than three corners."""
    around = [*corners, *corners[:1]]
    return abs(sum(x * below - right * y for (x, y), (right, below) in pairwise(around))) / 2


def within(corners: Sequence[Point], low: Point, high: Point) -> list[Point]:
    """The corners of the part of a convex polygon between two opposite corners of an upright rectangle; none: empty.

    Each side of the rectangle cuts off what is beyond it (Sutherland and Hodgman, CACM 1974).
    """
    left = list(corners)
    for axis in (0, 1):
        left = list(_not_below(left, axis, low[axis], 1.0))
        left = list(_not_below(left, axis, high[axis], -1.0))
    return left


def _not_below(corners: Sequence[Point], axis: int, limit: float, sign: float) -> Iterator[Point]:
    """The part whose coordinate is at least the limit; at most the limit where `sign` is -1."""
    for here, there in pairwise([*corners, *corners[:1]]):
        inside, other = sign * (here[axis] - limit), sign * (there[axis] - limit)
        if inside >= 0:
            yield here
        if (inside < 0) != (other < 0):
            share = inside / (inside - other)
            yield (here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1]))
