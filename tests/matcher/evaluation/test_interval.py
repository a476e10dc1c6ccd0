import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.interval import wilson


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"), [(0, 100, 0.0, 0.037), (5, 100, 0.022, 0.112), (28, 535, 0.036, 0.075)]
)
def test_wilson_known_answers(errors: int, trials: int, low: float, high: float) -> None:
    assert wilson(errors, trials) == pytest.approx((low, high), abs=6e-4)


@given(trials=st.integers(1, 10_000), data=st.data())
def test_wilson_holds_the_rate_and_stays_a_share(trials: int, data: st.DataObject) -> None:
    errors = data.draw(st.integers(0, trials))
    low, high = wilson(errors, trials)
    assert 0 <= low <= errors / trials + 1e-9
    assert errors / trials - 1e-9 <= high <= 1
