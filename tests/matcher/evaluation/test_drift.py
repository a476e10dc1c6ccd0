"""What changed over the weeks is told from what did not."""

import numpy as np
import pytest

from matcher.evaluation.drift import Series, drift
from matcher.evaluation.permutations import permutation_count

WEEKS = np.tile(np.arange(5), 40)
PEOPLE = np.repeat(np.arange(40), 5)


def of(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Series:
    return Series(values=values, weeks=WEEKS, blocks=PEOPLE)


@pytest.mark.slow
def test_no_week_differs_where_only_people_do() -> None:
    random = np.random.default_rng(2)
    series = (PEOPLE * 0.1 + random.normal(0, 0.05, 200) for _ in range(200))
    found = sum(drift(of(values)) <= 0.1 for values in series)
    assert 5 <= found <= 31, "of 200 at 10 %"


def test_a_change_is_found_though_people_differ_more() -> None:
    random = np.random.default_rng(3)
    values = PEOPLE * 0.1 + random.normal(0, 0.05, 200) + 0.05 * (WEEKS >= 3)
    assert drift(of(values)) < 0.005


def test_more_permutations_allow_a_smaller_p() -> None:
    changed = of(PEOPLE * 0.1 + np.random.default_rng(3).normal(0, 0.05, 200) + 0.5 * (WEEKS >= 3))
    assert drift(changed) == pytest.approx(1 / 2_000)
    assert drift(changed, permutations=19_999) == pytest.approx(1 / 20_000)


@pytest.mark.parametrize("questions", [1, 10, 22, 100, 1000])
def test_there_are_enough_permutations_for_the_tests(questions: int) -> None:
    permutations = permutation_count(questions, 0.01, least=1_999, most=200_000)
    assert permutations is not None and 1_999 <= permutations <= 200_000 and 1 / (1 + permutations) < 0.01 / questions
    assert permutation_count(questions + 1000, 0.01, least=1_999, most=200_000) is None


def test_where_nothing_can_be_said_nothing_is() -> None:
    nothing = np.array([], dtype=np.int64)
    assert not Series(values=np.array([]), weeks=nothing, blocks=nothing).tells
    assert not Series(values=np.array([0.5]), weeks=np.array([1]), blocks=np.array([1])).tells
    once = Series(values=np.array([0.1, 0.2]), weeks=np.array([1, 2]), blocks=np.array([1, 2]))
    assert not once.tells, "no block has two weeks"
    assert Series(values=np.array([0.1, 0.2]), weeks=np.array([1, 2]), blocks=np.array([1, 1])).tells
