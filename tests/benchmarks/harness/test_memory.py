import os

import pytest

from benchmarks.harness.memory import Memory, figures, growth, look


def sample(seconds: float, used: float) -> Memory:
    return Memory(
        seconds=seconds,
        workers_rss=[3, 5],
        workers_uss=[1, 1],
        workers_pss=[round(used), 0],
        service_rss=7,
        service_pss=0,
    )


def test_a_straight_rise_is_told_without_error() -> None:
    grown = growth([sample(second, 1e9 + second * 1e6) for second in range(0, 600, 5)])
    assert grown is not None
    assert grown.slope == pytest.approx(60e6, rel=1e-3)
    assert grown.error < 1e3
    assert not grown.flat


def test_noise_around_a_level_is_flat() -> None:
    grown = growth([sample(second, 1e9 + (second % 10) * 4e5) for second in range(0, 600, 5)])
    assert grown is not None
    assert grown.flat


def test_what_may_well_be_growth_is_not_called_flat() -> None:
    """A level that jumps up and down for long: the slope is near 0, and its error is too large for a verdict."""
    grown = growth([sample(second, 1e9 + (second % 300 > 150) * 1e8) for second in range(0, 600, 5)])
    assert grown is not None
    assert grown.error > 2e6
    assert not grown.flat


def test_the_warm_up_is_not_growth() -> None:
    grown = growth([sample(second, 1e9 if second >= 140 else second * 7e6) for second in range(0, 600, 5)])
    assert grown is not None
    assert grown.slope == pytest.approx(0, abs=1)


def test_two_samples_tell_nothing() -> None:
    assert growth([]) is None
    assert growth([sample(0, 1), sample(5, 9)]) is None
    assert figures([sample(0, 1), sample(5, 9)])["growth"] is None


def test_a_process_is_looked_at() -> None:
    seen = look(1.0, [os.getpid()])
    assert seen.workers_rss[0] == pytest.approx(seen.service_rss, rel=0.2)
    assert 0 < seen.workers_uss[0] <= seen.workers_rss[0]
    assert seen.pss > seen.service_pss


def test_the_mean_worker_is_told() -> None:
    told = figures([sample(0, 10), sample(5, 10), sample(10, 10)])
    assert told["worker"]["rss"] == 4
    assert told["service"]["rss"] == 7
