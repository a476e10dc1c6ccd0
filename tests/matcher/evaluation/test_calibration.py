import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.calibration import CalibrationError, calibrated, rounded_threshold, scale_of, subjects_named
from matcher.evaluation.interval import wilson
from matcher.evaluation.scores import Provenance, Scores
from matcher.recognition.scale import Sense

WEIGHTS = {"sface": 1.0, "dlib": 0.7}


def scores(non_mated: int, *, mated: int = 100, names: str = "{}/{}", missed: int = 5, seed: int = 0) -> Scores:
    """A number of comparisons of people p0 … p39; in the first `missed` mated ones no face was found."""
    random = np.random.default_rng(seed)
    apart = np.concatenate([random.normal(0.4, 0.05, mated), random.normal(1.2, 0.12, non_mated)]).clip(0)
    apart[:missed] = math.inf
    one = random.integers(0, 40, mated + non_mated)
    other = np.where(np.arange(mated + non_mated) < mated, one, (one + random.integers(1, 40, len(one))) % 40)
    return Scores(
        fold=np.zeros(len(one), np.int64),
        probe=tuple(names.format(f"p{who}", at) for at, who in enumerate(one)),
        reference=tuple(names.format(f"p{who}", at + 1) for at, who in enumerate(other)),
        mated=np.arange(len(one)) < mated,
        dissimilarity={"fusion": apart, "dlib": apart * 0.5},
        provenance=Provenance(
            dataset="made up",
            measured_on="2026-11-27",
            digests={"fusion": "a" * 64, "dlib": "b" * 64},
            weights=WEIGHTS,
            samples=40,
            failed=(),
        ),
    )


def test_a_threshold_comes_with_all_that_it_rests_on() -> None:
    measured = scores(20_000)
    point = calibrated(measured, name="lobby", rate=1e-2)
    mated, non_mated = measured.of("fusion")
    found = point.evidence
    assert point.name == "lobby"
    assert point.threshold == round(point.threshold, 4)
    assert found.fmr == (non_mated <= point.threshold).mean() <= 1e-2
    assert (non_mated <= point.threshold + 1e-4).mean() > 1e-2 - 1 / 20_000, "no lower than need be"
    assert found.fnmr == (mated > point.threshold).mean() == 0.05
    assert (found.non_mated, found.mated, found.dataset, found.measured_on) == (20_000, 100, "made up", "2026-11-27")
    assert (found.model_digest, found.weights) == ("a" * 64, WEIGHTS)
    assert found.fmr_low < found.fmr < found.fmr_high
    assert found.fnmr_low < found.fnmr < found.fnmr_high


def test_intervals_are_of_people_where_names_tell_them_and_wilsons_where_not() -> None:
    told = calibrated(scores(20_000), name="lobby", rate=1e-2).evidence
    untold = calibrated(scores(20_000, names="{}-{}"), name="lobby", rate=1e-2).evidence
    assert (told.interval, untold.interval) == ("subjects", "wilson")
    assert (told.fmr, told.fnmr) == (untold.fmr, untold.fnmr)
    assert (untold.fmr_low, untold.fmr_high) == wilson(round(told.fmr * 20_000), 20_000)
    assert (untold.fnmr_low, untold.fnmr_high) == wilson(5, 100)
    assert (told.fmr_low, told.fmr_high) != (untold.fmr_low, untold.fmr_high)


def test_folders_that_are_no_people_are_not_taken_for_them() -> None:
    assert subjects_named(scores(100)) is not None
    assert subjects_named(scores(100, names="set/{1}-{0}")) is None, "non-mated comparisons within one folder"
    assert subjects_named(scores(100, names="{}{}/x")) is None, "mated comparisons of two folders"


def test_a_rate_that_fewer_than_ten_comparisons_bear_is_refused_with_what_is_needed() -> None:
    with pytest.raises(CalibrationError, match=r"1e-05 would rest on 0 of 20,000") as caught:
        calibrated(scores(20_000), name="lobby", rate=1e-5)
    assert "1,000,000" in caught.value.remedy
    assert calibrated(scores(1000), name="lobby", rate=1e-2).evidence.fmr <= 0.01
    with pytest.raises(CalibrationError, match="fewer than 10"):
        calibrated(scores(999), name="lobby", rate=1e-2)


@pytest.mark.parametrize("name", ["", "Lobby", "lob by", "löbby", "-lobby", "../lobby", "a" * 64])
def test_a_name_is_lower_case_letters_digits_dots_and_hyphens(name: str) -> None:
    with pytest.raises(CalibrationError, match="name"):
        calibrated(scores(1000), name=name, rate=1e-2)


@pytest.mark.parametrize("rate", [0, -1e-3, 0.2, 1, math.nan, math.inf])
def test_what_is_no_false_match_rate_is_refused(rate: float) -> None:
    with pytest.raises(CalibrationError, match="no false match rate"):
        calibrated(scores(1000), name="lobby", rate=rate)


def test_similarities_make_no_threshold() -> None:
    measured = scores(1000)
    per_cent = {"fusion": measured.dissimilarity["fusion"] * 100}
    with pytest.raises(CalibrationError, match="more than 0 and at most 2"):
        calibrated(dataclasses.replace(measured, dissimilarity=per_cent), name="lobby", rate=1e-2)


def test_without_mated_comparisons_nobody_could_say_what_is_missed() -> None:
    with pytest.raises(CalibrationError, match="no mated"):
        calibrated(scores(1000, mated=0, missed=0), name="lobby", rate=1e-2)


@pytest.mark.parametrize("apart", [0.00001, 1.0, math.inf])
def test_where_all_are_equally_far_apart_there_is_no_threshold(apart: float) -> None:
    with pytest.raises(CalibrationError, match="equally far apart"):
        rounded_threshold(np.full(1000, apart), 1e-2)


def test_a_scale_has_the_rates_that_were_measured() -> None:
    _, non_mated = scores(20_000).of("fusion")
    scale = scale_of(non_mated, dataset="made up", model_digest="a" * 64, weights=WEIGHTS)
    assert 50 <= len(scale.steps) <= 61
    for at, rate in scale.steps:
        assert rate == (non_mated <= at).mean()
    assert scale.steps[0] == (non_mated.min(), 1 / 20_000)
    assert scale.steps[1][1] == 10 / 20_000
    assert scale.steps[-1][1] == 0.1
    logs = np.diff([math.log(rate) for _, rate in scale.steps[1:]])
    assert logs.max() < 3 * np.median(logs), "evenly, but where there are few pairs"


@given(seed=st.integers(0, 50), at=st.floats(0.5, 1.2))
def test_a_scale_tells_what_a_threshold_there_would_let_through(seed: int, at: float) -> None:
    non_mated = np.random.default_rng(seed).normal(1.2, 0.12, 5000).clip(0)
    found = scale_of(non_mated, dataset="d", model_digest="m", weights=WEIGHTS).stands_for(at)
    true = (non_mated <= at).mean()
    if found.sense is Sense.ABOUT:
        assert found.fmr == pytest.approx(true, rel=0.15)
    else:
        assert bool(true <= found.fmr) is (found.sense is Sense.FEWER)


def test_a_scale_of_ties_or_of_faces_not_found_is_still_one() -> None:
    tied = scale_of(np.repeat([0.5, 0.9], [5, 995]), dataset="d", model_digest="m", weights=WEIGHTS)
    assert tied.steps == ((0.5, 0.005), (0.9, 1.0))
    lost = scale_of(np.array([0.5] * 20 + [math.inf] * 980), dataset="d", model_digest="m", weights=WEIGHTS)
    assert lost.steps == ((0.5, 0.02),)
    with pytest.raises(CalibrationError, match="both faces"):
        scale_of(np.full(1000, math.inf), dataset="d", model_digest="m", weights=WEIGHTS)
    with pytest.raises(CalibrationError, match="99"):
        scale_of(np.ones(99), dataset="d", model_digest="m", weights=WEIGHTS)
