import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.recognition.fusion import DLIB_WEIGHT, compare, compare_all
from matcher.recognition.template import ModelMismatchError, Template


def template(seed: int, digest: str = "a" * 64) -> Template:
    random = np.random.default_rng(seed)
    sface = random.normal(size=128)
    return Template(
        model_digest=digest,
        sface=(sface / np.linalg.norm(sface)).astype(np.float32),
        dlib=random.normal(size=128).astype(np.float32) / 10,
    )


@given(one=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_is_symmetric_and_never_negative_and_adds_up(one: int, other: int) -> None:
    a, b = template(one), template(other)
    forth, back = compare(a, b), compare(b, a)
    assert forth.fused == pytest.approx(back.fused, abs=1e-9)
    assert 0 <= forth.sface <= 2 + 1e-6
    assert forth.dlib >= 0
    assert forth.fused == pytest.approx(forth.sface + DLIB_WEIGHT * forth.dlib)
    assert forth.dlib == pytest.approx(float(np.linalg.norm(a.dlib - b.dlib)), abs=1e-6)


def test_the_same_is_at_zero() -> None:
    assert compare(template(1), template(1)).fused == pytest.approx(0, abs=1e-6)


def test_many_at_once_are_as_one_by_one() -> None:
    probe, others = template(0), [template(seed) for seed in range(1, 9)]
    together = compare_all(probe, others)
    assert [d.fused for d in together] == pytest.approx([compare(probe, other).fused for other in others], abs=1e-9)
    assert compare_all(probe, []) == []


def test_different_models_never_meet() -> None:
    with pytest.raises(ModelMismatchError):
        compare(template(1), template(1, "b" * 64))
    with pytest.raises(ModelMismatchError):
        compare_all(template(1), [template(2), template(3, "b" * 64)])
