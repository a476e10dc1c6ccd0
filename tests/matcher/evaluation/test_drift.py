"""What changed over the weeks is told from what did not."""

import numpy as np

from matcher.evaluation.drift import drift

WEEKS = np.tile(np.arange(5), 40)
PEOPLE = np.repeat(np.arange(40), 5)


def test_no_week_differs_where_only_people_do() -> None:
    random = np.random.default_rng(2)
    series = (PEOPLE * 0.1 + random.normal(0, 0.05, 200) for _ in range(200))
    found = sum((drift(values, WEEKS, PEOPLE) or 0) <= 0.1 for values in series)
    assert 5 <= found <= 31, "of 200 at 10 %"


def test_a_change_is_found_though_people_differ_more() -> None:
    random = np.random.default_rng(3)
    values = PEOPLE * 0.1 + random.normal(0, 0.05, 200) + 0.05 * (WEEKS >= 3)
    p = drift(values, WEEKS, PEOPLE)
    assert p is not None and p < 0.005


def test_where_nothing_can_be_said_nothing_is() -> None:
    one = np.array([0.5])
    assert drift(one, np.array([1]), np.array([1])) is None
    assert drift(np.array([]), np.array([], dtype=np.int64), np.array([], dtype=np.int64)) is None
    assert drift(np.array([0.1, 0.2]), np.array([1, 2]), np.array([1, 2])) is None, "no block has two weeks"
