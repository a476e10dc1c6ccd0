import pytest

from matcher.evaluation.expectation import expected, fmr_for, fpir
from matcher.recognition.operating_point import Measurement


def measured(**changes: float) -> Measurement:
    values = {"fmr": 1e-4, "fmr_low": 5e-5, "fmr_high": 2e-4, "fnmr": 0.03, "fnmr_low": 0.02, "fnmr_high": 0.05}
    return Measurement(
        model_digest="0" * 64,
        weights={"sface": 1.0},
        dataset="d",
        non_mated=10**6,
        mated=1000,
        measured_on="2026-11-27",
        **values | changes,
    )


@pytest.mark.parametrize(
    ("fmr", "references", "share"),
    [
        (1e-4, 10_000, 0.632139),  # 1 - e^-1, and a little more
        (1e-6, 10_000, 0.00995022),
        (0.5, 2, 0.75),
        (1e-4, 0, 0.0),
        (0.0, 10_000, 0.0),
        (1.0, 1, 1.0),
        (1.0, 0, 0.0),
        (1e-17, 100, 1e-15),
    ],
)
def test_a_large_gallery_makes_a_good_rate_a_bad_one(fmr: float, references: int, share: float) -> None:
    assert fpir(fmr, references) == pytest.approx(share, rel=1e-5)


def test_false_alarms_a_day_and_misses_by_hand() -> None:
    found = expected(measured(), references=100, searches_a_day=1000)
    # 1 - 0.9999^100 = 0.0099507; 1 - 0.99995^100 = 0.0049877; 1 - 0.9998^100 = 0.0198033
    assert found.false_alarms_a_day.value == pytest.approx(9.9507, abs=1e-4)
    assert found.false_alarms_a_day.low == pytest.approx(4.9877, abs=1e-4)
    assert found.false_alarms_a_day.high == pytest.approx(19.8033, abs=1e-4)
    assert found.fpir.value == pytest.approx(0.0099507, abs=1e-7)
    misses = found.misses_per_hundred
    assert (misses.value, misses.low, misses.high) == pytest.approx((3.0, 2.0, 5.0))
    # One in 7,000 passages: 1 - (1 - 1/7000)^(1/100)
    assert found.fmr_for_one_a_week == pytest.approx(1.42867e-6, rel=1e-5)


def test_the_rate_for_one_alarm_a_week_brings_one_a_week() -> None:
    rate = fmr_for(1 / 7, references=5000, searches_a_day=20_000)
    found = expected(measured(fmr=rate), references=5000, searches_a_day=20_000)
    assert found.false_alarms_a_day.value * 7 == pytest.approx(1)


def test_where_nobody_passes_or_is_enrolled_no_rate_is_needed() -> None:
    assert fmr_for(1 / 7, references=0, searches_a_day=100) is None
    assert fmr_for(1 / 7, references=100, searches_a_day=0) is None
    assert fmr_for(1 / 7, references=100, searches_a_day=0.1) == 1.0
