import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.demographics import gini, inequality

RATES = st.lists(st.floats(1e-6, 1), min_size=2, max_size=6)


def test_the_known_answer():
    found = inequality([1e-4, 2e-4, 3e-4, 10e-4], [0.01, 0.02, 0.02, 0.04])
    assert found.max_to_geometric_mean == pytest.approx(3.5930, abs=5e-5)
    assert found.max_to_min == pytest.approx(10)
    assert found.fdr == pytest.approx(0.98455)
    assert found.inequity == pytest.approx(6.3246, abs=5e-5)
    assert found.garbe == pytest.approx(0.45833, abs=5e-6)


@given(st.floats(1e-6, 1), st.floats(1e-6, 1), st.integers(2, 6))
def test_equal_groups_are_equal(fmr: float, fnmr: float, groups: int):
    found = inequality([fmr] * groups, [fnmr] * groups)
    assert found.garbe == pytest.approx(0, abs=1e-12)
    assert [found.max_to_min, found.max_to_geometric_mean, found.inequity, found.fdr] == pytest.approx([1, 1, 1, 1])


@given(RATES, st.floats(0.01, 0.99), st.randoms(use_true_random=False))
def test_neither_the_order_of_groups_nor_a_common_factor_changes_a_ratio(rates: list[float], factor: float, random):
    mixed = random.sample(rates, len(rates))
    assert gini(mixed) == pytest.approx(gini(rates))
    assert gini([factor * rate for rate in rates]) == pytest.approx(gini(rates))
    assert 0 <= gini(rates) <= 1 + 1e-12
    one, other = inequality(rates, rates), inequality([factor * rate for rate in rates], rates)
    assert one.max_to_min == pytest.approx(other.max_to_min)


def test_a_rate_of_zero_leaves_ratios_undefined_and_says_so():
    found = inequality([0.0, 1e-4], [0.01, 0.02])
    assert found.max_to_min is found.max_to_geometric_mean is found.inequity is None
    assert found.garbe == pytest.approx(0.5 * 1 + 0.5 * (1 / 3))
    assert inequality([0.0, 0.0], [0.01, 0.02]).garbe is None
    with pytest.raises(ValueError, match="two groups"):
        inequality([1e-4], [0.01])
