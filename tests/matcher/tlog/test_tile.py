import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.tlog.tile import WIDTH, Tile, tiles


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        # The examples of C2SP tlog-tiles.
        (Tile(level=0, number=1234067), "tile/0/x001/x234/067"),
        (Tile(level=0, number=273, width=112), "tile/0/273.p/112"),
        (Tile(level=1, number=1, width=17), "tile/1/001.p/17"),
        (Tile(level=None, number=0, width=1), "tile/entries/000.p/1"),
        (Tile(level=63, number=1000), "tile/63/x001/000"),
    ],
)
def test_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(
    st.builds(Tile, level=st.none() | st.integers(0, 63), number=st.integers(0, 2**53 - 1), width=st.integers(1, WIDTH))
)
def test_every_path_is_read_back(tile: Tile) -> None:
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x1234/067",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/data/000",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/0/x999/x999/x999/x999/x999/999",
    ],
)
def test_other_paths_are_none(path: str) -> None:
    with pytest.raises(ValueError, match="no tile's path"):
        Tile.parse(path)


def test_what_a_log_is_cut_into() -> None:
    """The example of C2SP tlog-tiles."""
    found = list(tiles(70_000))
    full = [tile for tile in found if tile.width == WIDTH]
    assert [sum(tile.level == level for tile in full) for level in (None, 0, 1, 2)] == [273, 273, 1, 0]
    partial = {(tile.level, tile.number, tile.width) for tile in found if tile.width < WIDTH}
    assert partial == {(None, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)}
    assert list(tiles(0)) == []
    assert [tile.path for tile in tiles(WIDTH)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_what_was_there_before_is_left_out_and_nothing_else(one: int, other: int) -> None:
    old, new = sorted((one, other))
    had = {tile for tile in tiles(old) if tile.width == WIDTH}
    assert set(tiles(new, after=old)) == set(tiles(new)) - had
