import pytest

from ingest.supervision.allowance import BURST_SECONDS, Allowance


def test_as_much_as_the_rate_allows_and_a_burst() -> None:
    allowance = Allowance(rate=2.0)
    assert sum(allowance.take(100.0) for _ in range(100)) == 2 * BURST_SECONDS
    assert not allowance.take(100.4)
    assert allowance.take(100.6) and not allowance.take(100.6)
    assert sum(allowance.take(1000.0) for _ in range(100)) == 2 * BURST_SECONDS, "no more than the burst is saved up"


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_a_slow_one_may_always_say_one_thing(rate: float) -> None:
    assert Allowance(rate=rate).take(5.0)
