import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.recognition.scale import Sense, SimilarityScale, StandsFor

SCALE = SimilarityScale(
    dataset="made up",
    model_digest="0" * 64,
    weights={"sface": 1.0},
    non_mated=1_000_000,
    steps=((0.4, 1e-6), (0.5, 1e-5), (0.7, 1e-3), (1.0, 1e-1)),
)


def test_between_two_steps_the_rates_logarithm_is_linear() -> None:
    assert SCALE.stands_for(0.6).fmr == pytest.approx(1e-4)
    assert SCALE.stands_for(0.85).fmr == pytest.approx(1e-2)
    for at, rate in SCALE.steps[1:]:
        found = SCALE.stands_for(at)
        assert (found.fmr, found.sense) == (pytest.approx(rate), Sense.ABOUT)


def test_nothing_is_extrapolated() -> None:
    assert SCALE.stands_for(0.39) == StandsFor(fmr=1e-6, sense=Sense.FEWER)
    assert SCALE.stands_for(0.0) == StandsFor(fmr=1e-6, sense=Sense.FEWER)
    assert SCALE.stands_for(1.01) == StandsFor(fmr=0.1, sense=Sense.MORE)
    assert SCALE.stands_for(math.inf) == StandsFor(fmr=0.1, sense=Sense.MORE)


def test_fewer_than_ten_pairs_make_a_bound_and_no_rate() -> None:
    assert SCALE.stands_for(0.45) == StandsFor(fmr=1e-5, sense=Sense.FEWER)
    assert SCALE.stands_for(0.4) == StandsFor(fmr=1e-5, sense=Sense.FEWER)


@given(st.floats(0, 1.5), st.floats(0, 1.5))
def test_farther_never_stands_for_fewer(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert SCALE.stands_for(near).fmr <= SCALE.stands_for(far).fmr * (1 + 1e-12)


@pytest.mark.parametrize(
    ("fmr", "sense", "said"),
    [
        (1 / 123_456, Sense.ABOUT, "of strangers, 1 in 120,000 is as close"),
        (1e-5, Sense.ABOUT, "of strangers, 1 in 100,000 is as close"),
        (1e-3, Sense.ABOUT, "of strangers, 1 in 1,000 is as close"),
        (1 / 997, Sense.ABOUT, "of strangers, 1 in 1,000 is as close"),
        (0.1, Sense.MORE, "of strangers, more than 1 in 10 is as close"),
        (1 / 12.1, Sense.MORE, "of strangers, more than 1 in 13 is as close"),
        (1 / 12_954_344, Sense.FEWER, "of strangers, fewer than 1 in 12,000,000 is as close"),
        (1.0, Sense.FEWER, "of strangers, fewer than 1 in 1 is as close"),
    ],
)
def test_words_have_two_figures_on_the_side_that_is_true(fmr: float, sense: Sense, said: str) -> None:
    assert StandsFor(fmr=fmr, sense=sense).words() == said


def test_a_record_is_read_as_the_same_scale() -> None:
    assert SimilarityScale.of(SCALE.record()) == SCALE


@pytest.mark.parametrize(
    "steps",
    [(), ((0.5, 0.1), (0.4, 0.2)), ((0.5, 0.1), (0.6, 0.1)), ((0.5, 0.0),), ((0.5, 1.1),), ((math.inf, 0.5),)],
)
def test_steps_that_do_not_rise_are_none(steps: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="steps"):
        SimilarityScale(dataset="d", model_digest="m", weights={"sface": 1.0}, non_mated=10, steps=steps)
