import numpy as np

from matcher.columns.rows import Rows
from matcher.columns.vectors import DIMENSION, Vectors
from matcher.index.discriminant import WIDTH, discriminant

PEOPLE = 2_000


def drawn(pictures: int, *, seed: int = 1) -> Vectors:
    """People who differ most in the first half of the directions, and whose pictures differ in the second."""
    random = np.random.default_rng(seed)
    half = np.repeat([1.0, 0.2], DIMENSION // 2)
    centres = np.random.default_rng(0).normal(size=(PEOPLE, 1, DIMENSION)) * half
    found = centres + 0.7 * random.normal(size=(PEOPLE, pictures, DIMENSION)) * half[::-1]
    return (found / np.linalg.norm(found, axis=2, keepdims=True)).reshape(-1, DIMENSION).astype(np.float32)


def rows(vectors: Vectors) -> Rows:
    kept = Rows(DIMENSION, np.float32)
    kept.put(np.arange(len(vectors)), vectors)
    return kept


def separation(one: Vectors, other: Vectors) -> float:
    """How much nearer pictures of one person are than those of neighbours, in the mean."""
    same = np.linalg.norm(one - other, axis=1).mean()
    return float(np.linalg.norm(one - np.roll(other, 1, axis=0), axis=1).mean() / same)


def test_people_are_told_apart_better_than_before() -> None:
    kept = rows(drawn(2))
    matrix = discriminant(kept, kept.numbers(), np.random.default_rng(3))
    assert matrix is not None
    assert matrix.shape == (DIMENSION, WIDTH)
    one, other = drawn(1, seed=5), drawn(1, seed=6)
    assert separation(one @ matrix, other @ matrix) > 1.5 * separation(one, other)


def test_where_everybody_is_known_once_it_cannot_be_known() -> None:
    kept = rows(drawn(1))
    assert discriminant(kept, kept.numbers(), np.random.default_rng(3)) is None


def test_the_same_pictures_twice_tell_nothing() -> None:
    kept = rows(np.repeat(drawn(1), 2, axis=0))
    assert discriminant(kept, kept.numbers(), np.random.default_rng(3)) is None
