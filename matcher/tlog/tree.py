"""The Merkle tree of a log by its tiles: its root and both proofs of RFC 6962, without reading the entries."""

from collections.abc import Callable
from functools import lru_cache

from matcher.tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from matcher.tlog.tile import HEIGHT, WIDTH, Tile

_KEPT = 64

ReadTile = Callable[[Tile], bytes]
"""Gives the hashes of a tile, one after the other."""


class TiledTree:
    """A tree with a given number of leaves. It does not check the tiles; a verifier checks the proofs that it makes."""

    def __init__(self, size: int, read: ReadTile) -> None:
        """read: called only for tiles that a tree of this size has. Its errors are passed to the caller."""
        self.size = size
        self._read = lru_cache(_KEPT)(read)

    def root(self, size: int | None = None) -> bytes:
        """The root hash of the whole tree, or of its first `leaves` leaves."""
        size = self.size if size is None else size
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """PATH(index, leaves): the hashes that lead from one leaf hash to the root, lowest first."""
        if not 0 <= index < self.size:
            raise ValueError(f"no leaf {index} in a tree of {self.size}")
        proof, begin, end = [], 0, self.size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(begin, middle))
                begin = middle
        return proof[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """PROOF(old, leaves): shows that the tree of the first `old` leaves is a prefix of this one."""
        if not 0 < old <= self.size:
            raise ValueError(f"no tree of {old} inside one of {self.size}")
        proof, begin, end = [], 0, self.size
        while old < end:
            middle = begin + _split(end - begin)
            if old <= middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(begin, middle))
                begin = middle
        # The caller knows the old tree's own root, so it is left out unless the proof already contains parts of it.
        return ([self._hash(begin, end)] if begin else []) + proof[::-1]

    def _hash(self, begin: int, end: int) -> bytes:
        """MTH (RFC 6962) of these leaves, which are one of the parts into which RFC 6962 divides a tree."""
        count = end - begin
        if count & (count - 1) == 0:
            return self._perfect(begin, count.bit_length() - 1)
        middle = begin + _split(count)
        return node_hash(self._hash(begin, middle), self._hash(middle, end))

    def _perfect(self, begin: int, height: int) -> bytes:
        """The root of the subtree of 2^height leaves from `begin` on, a multiple of that."""
        level, rest = divmod(height, HEIGHT)
        first, count = begin >> (HEIGHT * level), 1 << rest
        number, place = divmod(first, WIDTH)
        width = min(WIDTH, (self.size >> (HEIGHT * level)) - number * WIDTH)
        packed = self._read(Tile(level=level, number=number, width=width))
        hashes = [packed[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(place, place + count)]
        return fold(hashes)


def fold(hashes: list[bytes]) -> bytes:
    """The root over hashes; their number is a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
