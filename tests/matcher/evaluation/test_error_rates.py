import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.error_rates import (
    best_threshold,
    equal_error_rate,
    error_rates,
    false_non_match_rate,
    folded_accuracy,
    threshold_at,
    trade_off,
)

DISSIMILARITIES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.9, 1.4]), min_size=1, max_size=40)


@given(DISSIMILARITIES, st.floats(0, 1))
def test_the_threshold_lets_through_no_more_than_the_rate_and_the_next_one_would(values: list[float], rate: float):
    non_mated = np.array(values)
    threshold = threshold_at(non_mated, rate)
    allowed = rate * len(values) * (1 + 1e-12)
    assert (non_mated <= threshold).sum() <= allowed
    if farther := [value for value in values if value > threshold]:
        assert (non_mated <= min(farther)).sum() > math.floor(allowed)


def test_a_face_not_found_is_a_miss_and_never_a_false_match():
    rates = error_rates(np.array([0.1, 0.9, math.inf]), np.array([0.2, 0.8, math.inf, math.inf]), 0.5)
    assert (rates.misses, rates.mated, rates.false_matches, rates.non_mated) == (2, 3, 1, 4)
    assert rates.fnmr == false_non_match_rate(np.array([0.1, 0.9, math.inf]), 0.5) == 2 / 3
    assert rates.fmr == 1 / 4


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4, math.inf]), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_decides_more_rightly_than_the_best(pairs: list[tuple[float, bool]]):
    apart, mated = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    if not np.isfinite(apart).any():
        return
    found = ((apart <= best_threshold(apart, mated)) == mated).mean()
    assert found == max(((apart <= edge) == mated).mean() for edge in apart if math.isfinite(edge))


def test_each_fold_is_judged_by_a_threshold_that_the_others_chose():
    apart = np.array([0.1, 0.9, 0.2, 0.8, 0.6, 0.7])
    mated = np.array([True, False, True, False, True, False])
    found = folded_accuracy(apart, mated, np.array([0, 0, 1, 1, 2, 2]))
    # The third fold's mated pair is farther apart than any that its threshold was chosen on.
    assert found.accuracies == (1.0, 1.0, 0.5)
    assert found.thresholds == (0.6, 0.6, 0.2)
    assert found.mean == pytest.approx(5 / 6)
    assert found.standard_error == pytest.approx(np.std([1, 1, 0.5], ddof=1) / math.sqrt(3))
    with pytest.raises(ValueError, match="two of them"):
        folded_accuracy(apart, mated, np.zeros(6, int))


def test_the_curve_is_what_each_threshold_gives():
    random = np.random.default_rng(3)
    mated, non_mated = random.normal(0.4, 0.1, 500), random.normal(0.9, 0.1, 5000)
    curve = trade_off(mated, non_mated, [1e-1, 1e-2, 1e-3, 1e-4])
    for rate, fnmr in zip([1e-1, 1e-2, 1e-3], curve, strict=False):
        assert fnmr == false_non_match_rate(mated, threshold_at(non_mated, rate))
    assert math.isnan(curve[3])  # half a pair in five thousand is none


def test_where_both_rates_meet():
    assert equal_error_rate(np.array([0.1, 0.2, 0.3, 0.8]), np.array([0.25, 0.9, 1.0, 1.1])) == 0.25
    assert equal_error_rate(np.array([0.1, 0.2]), np.array([0.5, 0.6])) == 0.0


def test_where_no_face_was_found_nothing_matches():
    nobody = np.full(4, math.inf)
    assert equal_error_rate(nobody, np.array([0.5, 0.6])) == 0.5
    assert best_threshold(nobody, np.array([True, False, True, False])) == -1.0
    assert threshold_at(np.array([0.4, math.inf, math.inf]), 1.0) == 0.4
    assert trade_off(np.array([math.inf, 0.1]), np.array([math.inf, 1.0]), [1.0]).tolist() == [0.5]
    assert math.isnan(error_rates(np.empty(0), np.empty(0), 0.5).fmr)
    with pytest.raises(ValueError, match="mated and non-mated"):
        equal_error_rate(np.empty(0), nobody)


def test_the_curve_lets_through_none_of_many_that_are_equal():
    assert trade_off(np.array([0.5, 0.7]), np.full(100, 0.7), [0.01]).tolist() == [0.5]
