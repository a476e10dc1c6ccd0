"""What every index keeps to, and where those of large galleries differ."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.columns.rows import Rows
from matcher.columns.selection import Selection
from matcher.columns.vectors import DIMENSION, Numbers, Vectors
from matcher.index import cell_index, exact_index
from matcher.index.cell_index import CellIndex
from matcher.index.cells import StoppedError
from matcher.index.exact_index import ExactIndex
from matcher.index.growing_index import GrowingIndex
from matcher.index.index import Index, Neighbours

CROWD = 3_000
"""Numbers that an index in cells is drawn from, three to a person: 0, 1, 2 are of one."""


def at(numbers: Iterable[int]) -> Numbers:
    return np.fromiter(numbers, dtype=np.int64)


def vectors(numbers: list[int]) -> Vectors:
    rows = [np.random.default_rng(number).normal(size=DIMENSION) for number in numbers]
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(len(numbers), DIMENSION)


def people(pictures: int, *, seed: int) -> Vectors:
    """(CROWD / 3 * pictures, d): this number of pictures of each person, person by person."""
    centres = np.random.default_rng(1).normal(size=(CROWD // 3, DIMENSION))
    deviations = np.random.default_rng(seed).normal(size=(len(centres), pictures, DIMENSION))
    found = (centres[:, None] + 0.6 * deviations).reshape(-1, DIMENSION)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def exact_crowd() -> ExactIndex:
    index = ExactIndex()
    index.add(at(range(CROWD)), people(3, seed=2))
    return index


def cells_crowd() -> CellIndex:
    rows = exact_crowd().rows
    return CellIndex.build(rows, rows.numbers())


@pytest.fixture(params=["exact", "exact in blocks", "all compared", "in cells"])
def crowd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Index:
    """In cells: many of them, and more are let through than are all compared, as in a large gallery."""
    if request.param == "exact in blocks":
        monkeypatch.setattr(exact_index, "_BLOCK", 512)
    if request.param.startswith("exact"):
        return exact_crowd()
    if request.param == "in cells":
        monkeypatch.setattr(cell_index, "_FEW", 50)
        monkeypatch.setattr(cell_index, "_CELL", 30)
    return cells_crowd()


def found(index: Index, probes: Vectors, k: int, allowed: range | list[int]) -> Neighbours:
    return index.search(probes, k, allowed=Selection.of(allowed))


# --- every index, on few vectors: exactly the nearest --------------------------------------------------------------


def empty_cells() -> CellIndex:
    """In cells drawn for others, who have gone since."""
    index = cells_crowd()
    index.remove(at(range(CROWD)))
    return index


@pytest.mark.parametrize("make", [ExactIndex, empty_cells, GrowingIndex])
def test_agrees_with_a_plain_product(make: Callable[[], Index]) -> None:
    numbers = st.lists(st.integers(1, 60), unique=True, max_size=30)
    index = make()

    @given(numbers, numbers, numbers, st.integers(1, 10))
    def agrees(added: list[int], removed: list[int], allowed: list[int], k: int) -> None:
        index.remove(at(range(1, 61)))
        index.add(at(added), vectors(added))
        index.remove(at(removed))
        left = sorted(set(added) - set(removed))
        assert len(index) == len(left)
        probes = vectors([998, 999])
        neighbours = found(index, probes, k, allowed)
        inside = [number for number in left if number in allowed]
        assert neighbours.numbers.shape == neighbours.similarities.shape == (2, k)
        for place, probe in enumerate(probes):
            scores = dict(zip(inside, (vectors(inside) @ probe).tolist(), strict=True))
            expected = sorted(inside, key=lambda number: -scores[number])[:k]
            # Half precision may change the order of what is as good as equally near.
            near = [scores[number] for number in neighbours.numbers[place, : len(expected)].tolist()]
            assert near == pytest.approx([scores[number] for number in expected], abs=1e-3)
            assert neighbours.similarities[place, : len(expected)] == pytest.approx(near, abs=1e-3)
            assert neighbours.numbers[place, len(expected) :].tolist() == [-1] * (k - len(expected))
            assert np.isneginf(neighbours.similarities[place, len(expected) :]).all()

    agrees()


@pytest.mark.parametrize("make", [ExactIndex, empty_cells, GrowingIndex])
def test_wrong_shapes_are_refused(make: Callable[[], Index]) -> None:
    index = make()
    with pytest.raises(ValueError, match="2 numbers for vectors of shape"):
        index.add(at([1, 2]), vectors([1]))
    with pytest.raises(ValueError, match="not finite"):
        index.add(at([1]), vectors([1]) * np.nan)
    assert not len(index)


# --- every index, on a crowd ---------------------------------------------------------------------------------------


def test_everybody_is_found_by_another_picture(crowd: Index) -> None:
    neighbours = found(crowd, people(1, seed=3), 50, range(CROWD))
    at_home = (neighbours.numbers // 3 == np.arange(CROWD // 3)[:, None]).any(axis=1)
    assert at_home.mean() >= 0.99
    assert (np.diff(neighbours.similarities, axis=1) <= 0).all()


def test_a_gallery_of_one_picture_each_is_searched_in_cells_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_index, "_CELL", 30)
    index = ExactIndex()
    index.add(at(range(CROWD // 3)), people(1, seed=2))
    cells = CellIndex.build(index.rows, index.rows.numbers())
    numbers = cells.search(people(1, seed=3), 50, allowed=Selection.of(range(100_000))).numbers
    assert (numbers == np.arange(CROWD // 3)[:, None]).any(axis=1).mean() >= 0.98


def test_as_many_as_were_asked_for_are_found_each_once(crowd: Index) -> None:
    numbers = found(crowd, people(1, seed=3), 50, range(CROWD)).numbers
    assert (numbers >= 0).all()
    assert all(len(set(row)) == 50 for row in numbers.tolist())


def test_half_precision_is_widened_exactly() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    assert cell_index._widened(halves).tobytes() == halves.astype(np.float32).tobytes()


def test_only_the_allowed_are_found(crowd: Index) -> None:
    for allowed in (range(0, CROWD, 2), range(0, CROWD, 40), [7]):
        numbers = found(crowd, people(1, seed=3)[:50], 20, allowed).numbers
        assert set(numbers.flat) <= {-1, *allowed}
        assert (numbers[:, 0] >= 0).all()


def test_who_was_removed_is_not_found_and_who_was_added_is(crowd: Index) -> None:
    crowd.remove(at([0, 1, 2, CROWD + 5]))
    assert len(crowd) == CROWD - 3
    probe = people(1, seed=3)[:1]
    assert not {0, 1, 2} & set(found(crowd, probe, 50, range(CROWD)).numbers.flat)
    crowd.add(at([CROWD + 10_000]), probe)
    numbers = found(crowd, probe, 2, [*range(CROWD), CROWD + 10_000]).numbers
    assert numbers[0, 0] == CROWD + 10_000


def test_who_was_added_is_found_however_many_went_before(crowd: Index) -> None:
    chance = np.random.default_rng(5)
    held = dict(enumerate(people(3, seed=2)))
    newcomers = iter(enumerate(people(1, seed=9)[:600], CROWD))
    for _ in range(200):
        gone = chance.choice(list(held), 3, replace=False)
        crowd.remove(at(gone))
        for number in gone:
            del held[number]
        come = dict(next(newcomers) for _ in gone)
        crowd.add(at(come), np.array(list(come.values())))
        held |= come
    numbers = found(crowd, np.array(list(held.values())), 1, list(held)).numbers
    assert numbers[:, 0].tolist() == list(held)


def test_a_number_that_is_added_again_has_its_new_vector_alone(crowd: Index) -> None:
    former, new = people(3, seed=2)[4:5], vectors([77])
    crowd.add(at([4]), new)
    assert len(crowd) == CROWD
    assert found(crowd, new, 1, range(CROWD)).numbers[0, 0] == 4
    assert found(crowd, former, 1, range(CROWD)).numbers[0, 0] != 4
    crowd.remove(at([4]))
    assert 4 not in found(crowd, new, 50, range(CROWD)).numbers


def test_no_bytes_of_the_removed_stay_in_the_rows(crowd: Index) -> None:
    crowd.remove(at([4]))
    assert not crowd.rows.vectors[4].any()
    assert crowd.rows.vectors[5].any()


def test_a_batch_is_its_single_searches(crowd: Index) -> None:
    probes = people(1, seed=3)[:5]
    batch = found(crowd, probes, 10, range(CROWD))
    for place in range(len(probes)):
        single = found(crowd, probes[place : place + 1], 10, range(CROWD))
        assert batch.numbers[place].tolist() == single.numbers[0].tolist()
    assert found(crowd, probes[:0], 10, range(CROWD)).numbers.shape == (0, 10)


@pytest.mark.slow
def test_searches_beside_changes(crowd: Index) -> None:
    probes, everybody = people(1, seed=3)[:20], range(CROWD)
    stop, wrong = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            numbers = found(crowd, probes[5:6], 5, everybody).numbers[0]
            if not {15, 16, 17} & set(numbers.tolist()):
                wrong.append(numbers)

    searching = [threading.Thread(target=search) for _ in range(3)]
    for thread in searching:
        thread.start()
    try:
        for number in range(60, 160):
            crowd.remove(at([number]))
            crowd.add(at([CROWD + number]), people(3, seed=2)[number : number + 1])
    finally:
        stop.set()
        for thread in searching:
            thread.join()
    assert not wrong


def test_who_searches_beside_others_finds_only_their_own(crowd: Index) -> None:
    probes, wrong = people(1, seed=3)[:5], []

    def search(share: int) -> None:
        own = Selection.of(range(share, CROWD, 4))
        for _ in range(30):
            numbers = crowd.search(probes, 20, allowed=own).numbers
            wrong.extend(numbers[numbers % 4 != share].tolist())

    searching = [threading.Thread(target=search, args=[share]) for share in range(4)]
    for thread in searching:
        thread.start()
    for thread in searching:
        thread.join()
    assert not wrong


# --- the exact one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [range(CROWD), range(2_345), range(0, CROWD, 3), range(2_000, 2 * CROWD)])
def test_block_by_block_everything_is_compared(monkeypatch: pytest.MonkeyPatch, allowed: range) -> None:
    monkeypatch.setattr(exact_index, "_BLOCK", 512)
    probes, inside = people(1, seed=3)[:70], [number for number in allowed if number < CROWD]
    neighbours = found(exact_crowd(), probes, 10, allowed)
    similarities = probes @ people(3, seed=2)[inside].T
    assert neighbours.similarities == pytest.approx(np.sort(similarities, axis=1)[:, : -10 - 1 : -1], abs=1e-5)
    assert neighbours.numbers.tolist() == np.array(inside)[np.argsort(-similarities, axis=1)[:, :10]].tolist()


# --- growing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def growing() -> Iterator[GrowingIndex]:
    with closing(GrowingIndex(exact_most=1_000)) as index:
        yield index


def test_it_grows_into_cells_and_finds_the_same(growing: GrowingIndex) -> None:
    gallery, probes = people(3, seed=2), people(1, seed=3)
    growing.add(at(range(900)), gallery[:900])
    growing.settle()
    assert growing.exact
    growing.add(at(range(900, CROWD)), gallery[900:])
    growing.settle()
    assert not growing.exact
    assert len(growing) == CROWD
    numbers = found(growing, probes, 50, range(CROWD)).numbers
    assert (numbers // 3 == np.arange(CROWD // 3)[:, None]).any(axis=1).mean() >= 0.99


def test_it_starts_with_rows_that_somebody_else_keeps_too(growing: GrowingIndex) -> None:
    rows, gallery = Rows(DIMENSION, np.float32), people(3, seed=2)
    rows.put(at(range(CROWD)), gallery)
    growing.start(rows)
    growing.remove(at([0, 1, 2]))
    growing.settle()
    assert not growing.exact
    assert len(growing) == len(rows) == CROWD - 3
    numbers = found(growing, people(1, seed=3), 50, range(CROWD)).numbers
    assert not {0, 1, 2} & set(numbers.flat)
    assert (numbers[1:] // 3 == np.arange(1, CROWD // 3)[:, None]).any(axis=1).mean() >= 0.99


def test_changes_while_it_is_built_are_not_lost(growing: GrowingIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    building, go_on = threading.Event(), threading.Event()
    build = CellIndex.build

    def slowly(rows: Rows, numbers: np.ndarray, *, stop: Callable[[], bool]) -> CellIndex:
        building.set()
        assert go_on.wait(60)
        return build(rows, numbers, stop=stop)

    monkeypatch.setattr(CellIndex, "build", slowly)
    gallery, probes = people(3, seed=2), people(1, seed=3)
    growing.add(at(range(2_000)), gallery[:2_000])
    assert building.wait(60)
    growing.remove(at([6, 7, 8]))
    growing.add(at(range(2_000, CROWD)), gallery[2_000:])
    growing.remove(at([2_001]))
    for _ in range(2):
        numbers = found(growing, probes, 50, range(CROWD)).numbers
        assert not {6, 7, 8, 2_001} & set(numbers.flat)
        assert 2_997 in found(growing, gallery[2_997:2_998], 1, range(CROWD)).numbers
        assert len(growing) == CROWD - 4
        go_on.set()
        growing.settle()
    assert not growing.exact


def test_it_is_rebuilt_when_it_has_grown_much(growing: GrowingIndex) -> None:
    gallery = people(3, seed=2)
    growing.add(at(range(1_001)), gallery[:1_001])
    growing.settle()
    before = growing.rows
    more = np.random.default_rng(5).normal(size=(4_000, DIMENSION)).astype(np.float32)
    growing.add(at(range(5_000, 9_000)), more / np.linalg.norm(more, axis=1, keepdims=True))
    growing.settle()
    assert growing.rows is not before
    assert found(growing, gallery[700:701], 1, range(9_000)).numbers[0, 0] == 700


def test_an_index_that_cannot_be_built_leaves_the_present_one(
    growing: GrowingIndex, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> CellIndex:
        raise MemoryError

    monkeypatch.setattr(CellIndex, "build", fails)
    growing.add(at(range(CROWD)), people(3, seed=2))
    growing.settle()
    assert growing.exact
    assert "could not be built" in caplog.text
    growing.add(at([CROWD]), vectors([1]))
    assert CROWD in found(growing, vectors([1]), 1, range(CROWD + 1)).numbers


def test_closing_stops_what_is_being_built(growing: GrowingIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()
    build = CellIndex.build

    def watched(rows: Rows, numbers: np.ndarray, *, stop: Callable[[], bool]) -> CellIndex:
        growing._closing.wait(60)
        try:
            return build(rows, numbers, stop=stop)
        except StoppedError:
            stopped.set()
            raise

    monkeypatch.setattr(CellIndex, "build", watched)
    growing.add(at(range(CROWD)), people(3, seed=2))
    growing.close()
    assert stopped.is_set()
    assert growing.exact
    growing.close()
