"""What lies in the cells, in FAISS's own memory."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.columns.vectors import Vectors
from matcher.index.cells import Cells, StoppedError

WIDTH = 8
BLOCK = 32
"""Codes that FAISS packs together."""

_CHANGES = st.lists(
    st.tuples(st.sampled_from([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK]), st.integers(0, 40)), max_size=8
)
"""How many come, and how many of all go then."""


def vectors(count: int, *, seed: int) -> Vectors:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)


def drawn(count: int) -> Cells:
    return Cells.draw(vectors(500, seed=1), count, count, stop=lambda: False)


def lies(cells: Cells, held: Mapping[int, Vectors]) -> None:
    """Each number lies in just the two cells nearest to its vector, with its code; nothing else lies anywhere."""
    index = cells._index
    centres = index.quantizer.reconstruct_n(0, index.nlist)
    expected: list[set[tuple[int, bytes]]] = [set() for _ in centres]
    for number, vector in held.items():
        code = index.pq.compute_codes(vector[None])[0].tobytes()
        for cell in np.argsort(((centres - vector) ** 2).sum(axis=1))[:2]:
            expected[cell].add((number, code))
    for cell, wanted in enumerate(expected):
        known, blocks = cells._views(cell)
        codes = [cells._packer.unpack_1(blocks, place).tobytes() for place in range(BLOCK * len(blocks))]
        assert len(known) == len(wanted)
        assert set(zip(known.tolist(), codes, strict=False)) == wanted
        assert not any(any(code) for code in codes[len(known) :])


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_code_lies_in_the_two_nearest_cells_and_goes_from_both(count: int) -> None:
    @given(_CHANGES, st.integers(0, 2**32))
    def holds(changes: list[tuple[int, int]], seed: int) -> None:
        cells, held, chance, last = drawn(count), {}, np.random.default_rng(seed), 0
        for come, go in changes:
            new = vectors(come, seed=seed + last)
            numbers = np.arange(last, last + come)
            cells.add(numbers, new)
            held |= dict(zip(numbers.tolist(), new, strict=True))
            last += come
            for number in chance.permutation(list(held))[:go].tolist():
                cells.remove(number, held.pop(number)[None])
        lies(cells, held)

    holds()


def test_a_number_is_taken_out_of_cells_far_from_where_its_vector_seems_to_be() -> None:
    cells, new = drawn(20), vectors(100, seed=2)
    cells.add(np.arange(100), new)
    for number in range(100):
        cells.remove(number, -new[number : number + 1])
    lies(cells, {})


def test_drawing_stops_when_asked() -> None:
    with pytest.raises(StoppedError):
        Cells.draw(vectors(500, seed=1), 5, 5, stop=lambda: True)
