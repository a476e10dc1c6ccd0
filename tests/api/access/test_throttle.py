"""Rate limits and the login's throttle, on a clock of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.throttle import LoginThrottle, RateLimit, TooManyLoginsError, TooManyRequestsError


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_bucket_empties_says_how_long_and_refills() -> None:
    clock = Clock()
    limit = RateLimit("searches", 6, clock)
    for _ in range(6):
        limit.take("a")
    with pytest.raises(TooManyRequestsError) as refused:
        limit.take("a")
    assert 10 <= refused.value.retry_after <= 11
    limit.take("b")
    clock.seconds += refused.value.retry_after
    limit.take("a")
    with pytest.raises(TooManyRequestsError):
        limit.take("a")


@given(
    rate=st.integers(1, 600),
    gaps=st.lists(st.floats(0, 30, allow_nan=False), max_size=200),
)
def test_never_more_than_the_rate_and_one_bucket(rate: int, gaps: list[float]) -> None:
    clock = Clock()
    limit = RateLimit("requests", rate, clock)
    taken = 0
    for gap in gaps:
        clock.seconds += gap
        try:
            limit.take("a")
        except TooManyRequestsError:
            continue
        taken += 1
    assert taken <= rate + rate * clock.seconds / 60 + 1e-6


def test_what_is_owed_is_filled_up_first() -> None:
    clock = Clock()
    limit = RateLimit("searches", 60, clock)
    limit.take("a")
    limit.owe("a", 100)
    with pytest.raises(TooManyRequestsError) as refused:
        limit.take("a")
    assert 42 <= refused.value.retry_after <= 43
    limit.take("b")
    clock.seconds += refused.value.retry_after
    limit.take("a")


def test_refused_requests_cost_nothing() -> None:
    clock = Clock()
    limit = RateLimit("requests", 60, clock)
    for _ in range(60):
        limit.take("a")
    for _ in range(50):
        with pytest.raises(TooManyRequestsError):
            limit.take("a")
    clock.seconds += 1.01
    limit.take("a")


def test_under_many_keys_the_oldest_are_forgotten() -> None:
    """Memory is bounded."""
    clock = Clock()
    limit, throttle = RateLimit("requests", 1, clock), LoginThrottle(1, 60, clock)
    for number in range(10_001):
        limit.take(str(number))
        throttle.start(str(number))
    limit.take("0")
    throttle.start("0")
    with pytest.raises(TooManyRequestsError):
        limit.take("10000")
    with pytest.raises(TooManyLoginsError):
        throttle.start("10000")


def test_failed_logins_wait_for_the_window() -> None:
    clock = Clock()
    throttle = LoginThrottle(3, 100, clock)
    for _ in range(3):
        throttle.start("ada")
        clock.seconds += 10
    with pytest.raises(TooManyLoginsError) as refused:
        throttle.start("ada")
    assert 70 <= refused.value.retry_after <= 71
    throttle.start("grace")
    clock.seconds += refused.value.retry_after
    throttle.start("ada")


def test_a_login_that_succeeds_is_not_counted() -> None:
    throttle = LoginThrottle(3, 100, Clock())
    for _ in range(20):
        throttle.start("ada")
        throttle.forgive("ada")
