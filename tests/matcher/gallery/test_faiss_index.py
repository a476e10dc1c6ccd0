import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.gallery.faiss_index import FaissIndex
from matcher.gallery.index import Vectors
from matcher.gallery.selection import Selection


def vectors(numbers: list[int]) -> Vectors:
    rows = [np.random.default_rng(number).normal(size=128) for number in numbers]
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(len(numbers), 128)


numbers = st.lists(st.integers(1, 60), unique=True, max_size=30)


@given(numbers, numbers, numbers, st.integers(1, 10))
def test_agrees_with_a_plain_product(added: list[int], removed: list[int], allowed: list[int], k: int) -> None:
    index = FaissIndex()
    index.add(added, vectors(added))
    index.remove(removed)
    left = sorted(set(added) - set(removed))
    assert len(index) == len(left)
    probe = vectors([999])
    found = index.search(probe, k, allowed=Selection.of(allowed))
    inside = [number for number in left if number in allowed]
    scores = dict(zip(inside, (vectors(inside) @ probe[0]).tolist(), strict=True))
    expected = sorted(inside, key=lambda number: -scores[number])[:k]
    assert found.numbers.shape == found.similarities.shape == (1, k)
    assert found.numbers[0].tolist() == expected + [-1] * (k - len(expected))
    assert found.similarities[0, : len(expected)] == pytest.approx([scores[number] for number in expected], abs=1e-5)


def test_a_batch_is_its_single_searches() -> None:
    index = FaissIndex()
    index.add([1, 2, 3], vectors([1, 2, 3]))
    allowed = Selection.of([1, 3])
    batch = index.search(vectors([7, 8]), 2, allowed=allowed)
    for at, probe in enumerate([7, 8]):
        assert batch.numbers[at].tolist() == index.search(vectors([probe]), 2, allowed=allowed).numbers[0].tolist()


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        FaissIndex().add([1, 2], vectors([1]))
