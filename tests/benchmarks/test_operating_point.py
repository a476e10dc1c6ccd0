import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.benchmark import Advance, Context
from benchmarks.datasets.lfw import Lfw, Pair
from benchmarks.operating_point import (
    Samples,
    Scores,
    best_weight,
    compared,
    gather,
    measured,
    threshold_at,
    weights_curve,
)
from matcher.recognition.fusion import DLIB_WEIGHT, compare
from matcher.recognition.template import Template


@given(seed=st.integers(0, 999), rate=st.sampled_from([0.5, 0.1, 0.01]))
def test_no_more_than_the_rate_is_at_the_threshold(seed: int, rate: float) -> None:
    values = np.random.default_rng(seed).random(500, np.float32)
    assert (values <= threshold_at(values, rate)).mean() <= rate
    assert (values <= np.nextafter(threshold_at(values, rate), 2)).mean() >= rate - 1 / 500


def samples(people: int, pictures: int, seed: int = 0) -> tuple[Samples, list[Pair]]:
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), pictures)
    sface = random.normal(size=(people, 128))[person] + 0.3 * random.normal(size=(len(person), 128))
    dlib = (random.normal(size=(people, 128))[person] + 0.3 * random.normal(size=(len(person), 128))) / 20
    paths = [Path(f"{who}/{number}") for who in range(people) for number in range(pictures)]
    mated = [
        Pair(left=paths[who * pictures], right=paths[who * pictures + other], mated=True)
        for who in range(people)
        for other in range(1, pictures)
    ]
    unit = sface / np.linalg.norm(sface, axis=1, keepdims=True)
    row = {path: place for place, path in enumerate(paths)}
    return (
        Samples(sface=unit.astype("f4"), dlib=dlib.astype("f4"), person=person, row=row, missed=()),
        mated,
    )


def test_comparing_all_is_as_comparing_each() -> None:
    made, pairs = samples(people=5, pictures=3)
    scores = compared(made, pairs)
    templates = [
        Template(model_digest="m", sface=one, dlib=other) for one, other in zip(made.sface, made.dlib, strict=True)
    ]
    expected = [
        compare(templates[i], templates[j]).fused
        for i in range(15)
        for j in range(i + 1, 15)
        if made.person[i] != made.person[j]
    ]
    non_mated, mated = scores.fused(DLIB_WEIGHT)
    assert non_mated.tolist() == pytest.approx(expected, abs=1e-4)
    first = compare(templates[0], templates[1]).fused
    assert len(mated) == 10
    assert mated[0] == pytest.approx(first, abs=1e-4)


def test_a_face_not_found_counts_against_the_mated_and_not_for_the_non_mated() -> None:
    made, pairs = samples(people=40, pictures=3)
    lost = [*pairs, Pair(left=Path("nobody/1"), right=Path("nobody/2"), mated=True)]
    (point, *_) = measured(compared(made, lost), "digest") or measured(grown(compared(made, lost)), "digest")
    assert point.mated == 81
    assert point.fnmr >= 1 / 81


def grown(scores: Scores) -> Scores:
    """The same non-mated scores often enough for a rate of 1e-3 to rest on ten of them."""
    return Scores(
        non_mated_sface=np.tile(scores.non_mated_sface, 4),
        non_mated_dlib=np.tile(scores.non_mated_dlib, 4),
        mated_sface=scores.mated_sface,
        mated_dlib=scores.mated_dlib,
    )


def test_points_are_measured_and_only_where_ten_false_matches_bear_them() -> None:
    made, pairs = samples(people=60, pictures=3)
    scores = compared(made, pairs)
    points = measured(scores, "digest")
    assert [point.name for point in points] == ["fmr-1e-3"]
    (point,) = points
    assert point.fmr == (scores.fused(DLIB_WEIGHT)[0] <= point.threshold).mean() <= 1e-3
    assert point.fmr_low < point.fmr < point.fmr_high
    assert weights_curve(scores)[str(DLIB_WEIGHT)]["1e-03"] == pytest.approx(point.fnmr, abs=0.02)


def test_of_equally_good_weights_the_middle_one_is_best() -> None:
    curve = {
        str(weight): {"1e-04": loss} for weight, loss in [(0.0, 0.3), (0.5, 0.1), (1.0, 0.1), (1.5, 0.1), (2.0, 0.2)]
    }
    assert best_weight(curve) == 1.0


class Silent:
    """No progress shown."""

    @contextlib.contextmanager
    def step(self, description: str, total: float | None = None) -> Iterator[Advance]:
        yield lambda amount: None


def test_gathers_real_templates(recogniser, data_folder: Path, tmp_path: Path) -> None:
    pairs = Lfw(data_folder).view1_train()[:3]
    found = gather(recogniser, pairs, Context(quick=True, data=data_folder, out=tmp_path, progress=Silent()))
    assert found.missed == ()
    assert set(found.row) == {picture for pair in pairs for picture in (pair.left, pair.right)}
    scores = compared(found, pairs)
    assert scores.fused(DLIB_WEIGHT)[1].max() < scores.fused(DLIB_WEIGHT)[0].min()
