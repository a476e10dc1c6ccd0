import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.interval import wilson


@given(trials=st.integers(1, 10**9), share=st.floats(0, 1))
def test_the_interval_is_that_of_scipy(trials: int, share: float) -> None:
    from scipy.stats import binomtest

    errors = min(trials, round(share * trials))
    expected = binomtest(errors, trials).proportion_ci(method="wilson")
    assert wilson(errors, trials) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-15)
