"""Proofs made from tiles, held against RFC 6962 word for word, and against every way of spoiling them."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.tlog.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from matcher.tlog.tile import WIDTH, Tile
from matcher.tlog.tree import TiledTree

MOST = 70_000
LEAVES = [leaf_hash(str(at).encode()) for at in range(MOST)]


def split(size: int) -> int:
    one = 1
    while one * 2 < size:
        one *= 2
    return one


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def reader(size: int) -> Callable[[Tile], bytes]:
    """Tiles of a tree of the first `leaves` leaves; a request for another tile fails the test."""
    rows = [LEAVES[:size]]
    while len(rows[-1]) >= WIDTH:
        below = rows[-1]
        rows.append([mth(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)])

    def read(tile: Tile) -> bytes:
        assert tile.level is not None
        hashes = rows[tile.level][tile.begin : tile.end]
        assert len(hashes) == tile.width
        return b"".join(hashes)

    return read


@pytest.mark.slow
def test_every_proof_of_every_tree_up_to_a_hundred_and_none_that_was_spoiled() -> None:
    for size in range(1, 101):
        tree, root = TiledTree(size, reader(size)), mth(LEAVES[:size])
        assert tree.root() == root
        for index in range(size):
            proof = tree.inclusion(index)
            assert proof == path(index, LEAVES[:size])
            assert verify_inclusion(LEAVES[index], index, size, proof, root)
            assert not verify_inclusion(LEAVES[size], index, size, proof, root)
            assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
            for at in range(len(proof)):
                spoiled = bytes([proof[at][0] ^ 1]) + proof[at][1:]
                assert not verify_inclusion(LEAVES[index], index, size, [*proof[:at], spoiled, *proof[at + 1 :]], root)
                assert not verify_inclusion(LEAVES[index], index, size, proof[:at] + proof[at + 1 :], root)
        for old in range(1, size + 1):
            proof, old_root = tree.consistency(old), tree.root(old)
            assert proof == subproof(old, LEAVES[:size], True)
            assert old_root == mth(LEAVES[:old])
            assert verify_consistency(old, old_root, size, root, proof)
            assert not verify_consistency(old, old_root, size, root, [*proof, root])
            for at in range(len(proof)):
                spoiled = bytes([proof[at][0] ^ 1]) + proof[at][1:]
                assert not verify_consistency(old, old_root, size, root, [*proof[:at], spoiled, *proof[at + 1 :]])
                assert not verify_consistency(old, old_root, size, root, proof[:at] + proof[at + 1 :])


@pytest.mark.slow
@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, MOST])
def test_trees_of_several_levels(size: int) -> None:
    tree, root = TiledTree(size, reader(size)), mth(LEAVES[:size])
    assert tree.root() == root
    for index in {0, 1, 254, 255, size // 2, size - 1} & set(range(size)):
        assert tree.inclusion(index) == path(index, LEAVES[:size])
    for old in {1, 2, 255, size // 2, size - 1, size}:
        assert tree.consistency(old) == subproof(old, LEAVES[:size], True)


def test_no_proof_about_what_is_not_there() -> None:
    tree = TiledTree(3, reader(3))
    for index in (-1, 3):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion(index)
    for old in (0, 4):
        with pytest.raises(ValueError, match="no tree"):
            tree.consistency(old)
    assert TiledTree(0, reader(0)).root() == EMPTY_ROOT
    assert not verify_consistency(0, EMPTY_ROOT, 3, tree.root(), [])
    assert not verify_inclusion(LEAVES[0], 0, 0, [], EMPTY_ROOT)


@given(st.integers(0, 3_000))
def test_a_frontier_completes_the_subtrees_that_end_with_its_next_leaf(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier = frontier.append(leaf)
    _, completed = frontier.grow(LEAVES[size])
    grown = LEAVES[: size + 1]
    assert completed == [mth(grown[-(1 << height) :]) for height in range(len(completed))]
    assert (size + 1) % (1 << len(completed) - 1) == 0
    assert (size + 1) % (1 << len(completed)) != 0
    assert all(len(root) == HASH_BYTES for root in completed)
