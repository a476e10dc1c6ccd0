"""Ratios of two groups' rates: the truth is in the interval, and chance alone is seldom a finding."""

import numpy as np
import pytest

from matcher.evaluation.comparison import Named, Ratio, Values, compare


def people(alarms: Values, *, weight: float = 1.0, searches: float = 1000.0) -> Named:
    return Named(
        alarms=alarms * weight, squares=alarms * weight**2, searches=np.full(len(alarms), searches, dtype=np.float64)
    )


def width(ratio: Ratio) -> float:
    assert ratio.low is not None and ratio.high is not None
    return ratio.high / ratio.low


def half(count: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.arange(count) < count // 2


def test_a_known_ratio_with_its_interval() -> None:
    alarms = (
        np.tile([0.0, 1.0, 2.0, 3.0, 9.0, 0.0, 0.0, 1.0, 1.0, 3.0], 10).reshape(10, 2, 5).swapaxes(0, 1).reshape(-1)
    )
    ratio = compare(people(alarms), half(100), confidence=0.95)
    assert ratio.ratio == pytest.approx(150.5 / 50.5)
    assert ratio.low is not None and ratio.high is not None
    assert 1 < ratio.low < 3 < ratio.high and ratio.excludes_one
    assert ratio.low * ratio.high == pytest.approx(ratio.ratio**2)
    assert ratio.p < 0.001
    other = compare(people(alarms), ~half(100), confidence=0.95)
    assert other.ratio == pytest.approx(1 / ratio.ratio)
    assert compare(people(alarms), half(100), confidence=0.95) == ratio, "the same people give the same answer"


def test_rates_are_by_what_might_have_found_somebody() -> None:
    alarms = np.concatenate([np.tile([1.0, 5.0], 25), np.tile([0.0, 2.0], 25)])
    searches = np.repeat([3000.0, 1000.0], 50)
    ratio = compare(Named(alarms=alarms, squares=alarms, searches=searches), half(100), confidence=0.95)
    assert ratio.ratio == pytest.approx(1.0) and not ratio.excludes_one


def test_one_persons_look_alike_is_no_unfairness() -> None:
    alarms = np.ones(100)
    alarms[0] = 100  # 150 against 50, nearly all of it one person's
    assert not compare(people(alarms), half(100), confidence=0.95).excludes_one


def test_a_group_without_alarms_has_a_ratio_too() -> None:
    ratio = compare(people(np.repeat([0.0, 1.0], 50)), half(100), confidence=0.95)
    assert 0 < ratio.ratio < 0.05 and ratio.high is not None and ratio.high < 1


def test_fewer_alarms_that_stand_for_more_say_less() -> None:
    random = np.random.default_rng(4)
    alarms = random.poisson(np.repeat([4.0, 2.0], 50))
    all_decided = compare(people(alarms.astype(np.float64)), half(100), confidence=0.95)
    half_decided = random.binomial(alarms, 0.5).astype(np.float64)
    some = compare(people(half_decided, weight=2.0), half(100), confidence=0.95)
    assert some.ratio == pytest.approx(all_decided.ratio, rel=0.2)
    assert width(some) > width(all_decided)


@pytest.mark.slow
def test_chance_alone_is_a_finding_as_seldom_as_was_asked() -> None:
    """Counts as clustered as look-alikes make them; groups of unequal sizes."""
    random = np.random.default_rng(1)
    inside = np.arange(120) < 40
    found = 0
    for _ in range(200):
        alarms = random.poisson(0.5 * random.lognormal(-0.72, 1.2, 120)).astype(np.float64)
        alarms[random.integers(120)] += 15  # somebody's double, every second day
        found += compare(people(alarms), inside, confidence=0.9).excludes_one
    assert 9 <= found <= 31, "of 200 at 10 %: fewer or more happen once in a hundred times each"


def test_at_a_level_of_hundreds_of_comparisons_it_deals_often_enough() -> None:
    clear = people(np.random.default_rng(0).poisson(np.repeat([4.0, 1.0], 50)).astype(np.float64))
    level = 0.01 / 150
    coarse = compare(clear, half(100), confidence=1 - level)
    assert coarse.p > level
    fine = compare(clear, half(100), confidence=1 - level, permutations=30_000)
    assert fine.p <= level and fine.excludes_one
    assert fine.low is not None and coarse.low is not None and fine.low < coarse.low


def test_an_interval_that_has_no_end_says_so() -> None:
    random = np.random.default_rng(0)
    searches = np.where(half(100), 10.0, 1e6)
    alarms = np.where(half(100), 0.0, random.poisson(1.0, 100))
    ratio = compare(Named(alarms=alarms, squares=alarms, searches=searches), half(100), confidence=0.99)
    assert (ratio.low, ratio.high, ratio.excludes_one) == (None, None, False)
    assert ratio.holds(1e12) and ratio.holds(1e-12) and np.isfinite(ratio.ratio)
