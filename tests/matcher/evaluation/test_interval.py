import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.interval import gamma_interval, wilson


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
    assert (low == 0) is (errors == 0)
    assert (high == 1) is (errors == trials)


@given(trials=st.integers(1, 10**9), share=st.floats(0, 1))
def test_the_interval_is_that_of_scipy(trials: int, share: float) -> None:
    from scipy.stats import binomtest

    errors = min(trials, round(share * trials))
    expected = binomtest(errors, trials).proportion_ci(method="wilson")
    assert wilson(errors, trials) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-15)


def test_an_interval_of_single_events_is_the_exact_one_of_a_poisson_count() -> None:
    # Garwood 1936, as tabulated: 0 → 3.689, 1 → 0.0253 to 5.572, 10 → 4.795 to 18.39.
    assert gamma_interval([]) == (0.0, pytest.approx(3.6889, abs=1e-3))
    assert gamma_interval([1.0]) == (pytest.approx(0.0253, abs=1e-4), pytest.approx(5.5716, abs=1e-3))
    assert gamma_interval([1.0] * 10) == (pytest.approx(4.7954, abs=1e-3), pytest.approx(18.3904, abs=1e-3))


def test_the_same_alarms_about_fewer_people_say_less() -> None:
    alone, together = gamma_interval([1.0] * 20), gamma_interval([10.0, 10.0])
    assert together[0] < alone[0] and together[1] > alone[1]
