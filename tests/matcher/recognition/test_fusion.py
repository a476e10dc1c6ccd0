import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.recognition.fusion import Dissimilarity, Fusion, Metric, Part
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import ModelMismatchError, Template


def template(seed: int, digest: str = "a" * 64) -> Template:
    random = np.random.default_rng(seed)
    sface = random.normal(size=128)
    return Template(
        model_digest=digest,
        vectors={
            "sface": (sface / np.linalg.norm(sface)).astype(np.float32),
            "dlib": random.normal(size=128).astype(np.float32) / 10,
        },
    )


@given(one=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_is_symmetric_and_never_negative_and_adds_up(one: int, other: int) -> None:
    a, b = template(one), template(other)
    forth, back = DEFAULT_FUSION.compare(a, b), DEFAULT_FUSION.compare(b, a)
    assert forth.fused == pytest.approx(back.fused, abs=1e-9)
    assert 0 <= forth.scores["sface"] <= 2 + 1e-6
    assert forth.scores["dlib"] >= 0
    apart = float(np.linalg.norm(a.vectors["dlib"] - b.vectors["dlib"]))
    assert forth.fused == pytest.approx(forth.scores["sface"] + DEFAULT_FUSION.weights["dlib"] * forth.scores["dlib"])
    assert forth.scores["dlib"] == pytest.approx(apart, abs=1e-6)


def test_the_same_is_at_zero() -> None:
    assert DEFAULT_FUSION.compare(template(1), template(1)).fused == pytest.approx(0, abs=1e-6)


def test_many_at_once_are_as_one_by_one() -> None:
    probe, others = template(0), [template(seed) for seed in range(1, 9)]
    together = DEFAULT_FUSION.compare_all(probe, others)
    assert [d.fused for d in together] == pytest.approx(
        [DEFAULT_FUSION.compare(probe, other).fused for other in others], abs=1e-9
    )
    assert DEFAULT_FUSION.compare_all(probe, []) == []


@pytest.mark.parametrize("metric", list(Metric))
def test_a_dissimilarity_does_not_depend_on_what_else_is_compared(metric: Metric) -> None:
    compared = part("a", metric=metric)
    for seed in range(100):
        probe, other = (template(one).vectors["sface"] for one in (seed, seed + 100))
        many = np.tile(other, (39, 1))
        each = [compared.dissimilarities(probe, many[:count]).tolist() for count in (1, 3, 6, 39)]
        assert len({one for some in each for one in some}) == 1


def test_different_models_never_meet() -> None:
    with pytest.raises(ModelMismatchError):
        DEFAULT_FUSION.compare(template(1), template(1, "b" * 64))
    with pytest.raises(ModelMismatchError):
        DEFAULT_FUSION.compare_all(template(1), [template(2), template(3, "b" * 64)])


def part(name: str, **changes: Any) -> Part:
    return Part(**{"embedder": name, "dimension": 2, "metric": Metric.COSINE} | changes)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (part("a"), part("a")),
        (part("a", weight=0.0),),
        (part("a"), part("b", weight=math.nan)),
        (part("a", metric=Metric.EUCLIDEAN), part("b")),
    ],
)
def test_what_cannot_be_searched_or_added_up_is_no_fusion(parts: tuple[Part, ...]) -> None:
    with pytest.raises(ValueError, match="fusion"):
        Fusion(parts=parts)


def test_a_fusion_of_one_embedder_is_its_dissimilarity() -> None:
    fusion = Fusion(parts=(part("a", weight=2.0),))
    one, other = (
        Template(model_digest="m", vectors={"a": np.array(vector, np.float32)}) for vector in ([1, 0], [0, 1])
    )
    assert fusion.compare(one, other) == Dissimilarity(fused=2.0, scores={"a": 1.0})


def test_a_template_fits_only_with_every_vector_as_its_embedder_makes_it() -> None:
    good = template(1)
    assert DEFAULT_FUSION.fits(good)
    vectors = good.vectors
    for wrong in (
        {"sface": vectors["sface"] * np.float32(1.01)},  # it would be closer to everybody
        {"sface": vectors["sface"][:127]},
        {"dlib": vectors["dlib"] * np.float32(100)},
        {"dlib": np.full(128, np.finfo(np.float32).max)},
        {"another": vectors["dlib"]},
    ):
        assert not DEFAULT_FUSION.fits(replace(good, vectors={**vectors, **wrong})), wrong.keys()
    assert not DEFAULT_FUSION.fits(replace(good, vectors={"sface": vectors["sface"]}))
