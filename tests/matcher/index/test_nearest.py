"""The best of many scores, however they come: as by putting all of them in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.index.index import Neighbours
from matcher.index.nearest import Best, nearest


def by_order(numbers: np.ndarray, similarities: np.ndarray, k: int) -> Neighbours:
    order = np.lexsort((np.broadcast_to(numbers, similarities.shape), -similarities))[:, :k]
    found = np.take_along_axis(similarities, order, axis=1)
    return Neighbours(numbers=np.where(np.isneginf(found), -1, numbers[order]), similarities=found)


@given(
    st.integers(0, 2**32),
    st.integers(0, 3),
    st.integers(1, 6),
    st.lists(st.integers(1, 700), min_size=1, max_size=8),
    st.sampled_from([3, 1000, 10**6]),
    st.sampled_from([0.0, 0.5, 0.99]),
)
def test_part_by_part_or_all_at_once(
    seed: int, probes: int, k: int, sizes: list[int], values: int, left_out: float
) -> None:
    random = np.random.default_rng(seed)
    count = sum(sizes)
    # Few values: many are equal, and of equal ones the lower number comes first.
    similarities = random.integers(-values, values, (probes, count)).astype(np.float32)
    similarities[random.random((probes, count)) < left_out] = -np.inf
    numbers = np.sort(random.choice(10 * count, count, replace=False))
    best, begin = Best(probes, k), 0
    for size in sizes:
        part = similarities[:, begin : begin + size].copy()
        best.take(numbers[begin : begin + size], part)
        part[:] = np.nan  # who hands it in uses it again
        begin += size
    expected = by_order(numbers, similarities, k)
    for found in (best.neighbours(), nearest(numbers, similarities, k)):
        width = expected.similarities.shape[1]
        # The numbers of those that are as good as the least of them may be others; how good they are may not.
        assert np.array_equal(found.similarities[:, :width], expected.similarities)
        assert np.isneginf(found.similarities[:, width:]).all()
        assert (found.numbers[:, width:] == -1).all()
        sure = expected.similarities > expected.similarities[:, -1:]
        assert np.array_equal(found.numbers[:, :width][sure], expected.numbers[sure])
