import itertools

import pytest

from ingest.rehearsal.server.clock import TICKS, Clock

FPS = 25
FRAMES = 20 * FPS


def run(kind: str, seed: int = 0) -> tuple[list[float], list[int]]:
    """Moments in seconds and time stamps of a film of 25 frames a second."""
    clock = Clock(kind, seed=seed)
    moments, stamps = [], []
    for number in range(FRAMES):
        moments.append(clock.moment(number / FPS))
        stamps.append(clock.stamp(moments[-1]))
    return moments, stamps


def steps(stamps: list[int]) -> list[float]:
    """Seconds from one stamp to the next, as a receiver of 32-bit stamps computes them."""
    differences = (after - before for before, after in itertools.pairwise(stamps))
    return [round(((difference + 2**31) % 2**32 - 2**31) / TICKS, 4) for difference in differences]


def even(number: int) -> list[float]:
    return [number / FPS for number in range(number)]


def test_a_good_clock() -> None:
    moments, stamps = run("")
    assert moments == even(FRAMES)
    assert stamps == [3600 * number for number in range(FRAMES)]


@pytest.mark.parametrize("kind", ["jitter", "backoften", "leap", "wrap", "zero", "back", "far", "farpast", "clock1000"])
def test_false_stamps_leave_the_pace_alone(kind: str) -> None:
    moments, stamps = run(kind)
    assert moments == even(FRAMES)
    assert all(0 <= stamp < 2**32 for stamp in stamps)
    assert stamps != run("")[1]


@pytest.mark.parametrize(
    ("kind", "odd", "count"),
    [
        ("leap", 3600.04, 1),
        ("back", -2.96, 1),
        ("backoften", -1.96, 6),
        ("far", 18_000.04, 16),
        ("farpast", -9719.96, 16),
    ],
)
def test_steps_of_the_stamps(kind: str, odd: float, count: int) -> None:
    assert steps(run(kind)[1]).count(odd) == count


def test_the_stamps_wrap_at_32_bits_and_run_on() -> None:
    stamps = run("wrap")[1]
    assert max(stamps) > 2**32 - TICKS and min(stamps) == 0 == stamps[2 * FPS]
    assert set(steps(stamps)) == {0.04}


def test_equal_stamps_and_milliseconds() -> None:
    assert set(run("zero")[1]) == {0}
    assert run("clock1000")[1][:4] == [0, 40, 80, 120]


def test_jitter_is_twenty_milliseconds_and_the_same_for_a_seed() -> None:
    stamps = run("jitter")[1]
    off = [stamp / TICKS - number / FPS - 0.02 for number, stamp in enumerate(stamps)]
    assert -0.0201 <= min(off) < -0.018 and 0.018 < max(off) <= 0.0201
    assert run("jitter", seed=1)[1] == run("jitter", seed=1)[1] != stamps


@pytest.mark.parametrize(
    ("kind", "intervals", "rate"), [("pull20", {0.04, 0.08}, 20.0), ("vfr", {0.04, 0.08, 0.12}, 12.5)]
)
def test_an_uneven_pace_is_in_the_stamps_too(kind: str, intervals: set[float], rate: float) -> None:
    moments, stamps = run(kind)
    assert [round(moment * TICKS) for moment in moments] == stamps
    assert set(steps(stamps)) == intervals
    assert (FRAMES - 1) / moments[-1] == pytest.approx(rate, rel=0.1)
