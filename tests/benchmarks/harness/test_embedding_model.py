import numpy as np
import pytest

from benchmarks.harness.embedding_model import EmbeddingModel, Floats, Whole


def real(people: int = 400, each: int = 4, spread: float = 0.5) -> tuple[Floats, Whole]:
    """Embeddings of a known making: centres around a mean, deviations within a few dimensions larger than in others."""
    random = np.random.default_rng(3)
    person = np.repeat(np.arange(people), each)
    within = spread * np.linspace(2, 0.2, 16)
    vectors = (random.normal(size=(people, 16)) + 0.3)[person] + random.normal(size=(len(person), 16)) * within
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), person


def similarities(vectors: Floats, person: Whole) -> tuple[Floats, Floats]:
    rows, columns = np.triu_indices(len(vectors), 1)
    similar, same = (vectors @ vectors.T)[rows, columns], person[rows] == person[columns]
    return similar[same], similar[~same]


def test_what_is_drawn_is_like_what_was_fitted() -> None:
    vectors, person = real()
    model = EmbeddingModel.fit(vectors, person)
    drawn = model.templates(model.subjects(400, seed=1), person, seed=1)
    assert drawn.dtype == np.float32
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1, abs=1e-5)
    for mine, theirs in zip(similarities(drawn, person), similarities(vectors, person), strict=True):
        assert np.percentile(mine, [25, 50, 75]) == pytest.approx(np.percentile(theirs, [25, 50, 75]), abs=0.08)


def test_some_look_alike() -> None:
    model = EmbeddingModel.fit(*real())
    centres = model.subjects(400, seed=1).centres
    unit = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    nearest = np.sort(unit @ unit.T, axis=1)[:, -2]
    assert (nearest > 0.9).sum() > (np.sort(nearest)[::-1] > 0.97).sum()
    assert (nearest > 0.7).any()


def test_a_seed_decides_everything() -> None:
    model = EmbeddingModel.fit(*real())
    whose = np.arange(20)
    one, again, other = (model.templates(model.subjects(20, seed=seed), whose, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_without_several_pictures_of_anybody_nothing_is_fitted() -> None:
    vectors, _ = real(people=8, each=1)
    with pytest.raises(ValueError, match="several pictures"):
        EmbeddingModel.fit(vectors, np.arange(8))
