"""The Merkle tree of RFC 6962, section 2.1: hashes, a frontier that grows by one leaf at a time, checks of proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """The state from which a tree can grow: the roots of its perfect subtrees, largest first.

    Invariant: there are as many roots as `size` has bits that are 1.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def grow(self, leaf: bytes) -> tuple[Self, list[bytes]]:
        """The frontier with one more leaf hash, and the roots of the perfect subtrees which that leaf completes: of 1
        leaf (itself), 2, 4 and so on."""
        completed, size = [leaf], self.size
        for root in reversed(self.roots):
            if not size & 1:
                break
            completed.append(node_hash(root, completed[-1]))
            size >>= 1
        kept = self.roots[: len(self.roots) + 1 - len(completed)]
        return type(self)(self.size + 1, (*kept, completed[-1])), completed

    def append(self, leaf: bytes) -> Self:
        """The frontier with one more leaf hash."""
        return self.grow(leaf)[0]

    def root(self) -> bytes:
        """The tree's root hash."""
        if not self.roots:
            return EMPTY_ROOT
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node_hash(left, root)
        return root

    def pack(self) -> bytes:
        """The roots, one after the other."""
        return b"".join(self.roots)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Self:
        """The frontier that was packed. Raises ValueError if it cannot be one of this size."""
        if size < 0 or len(packed) != HASH_BYTES * size.bit_count():
            raise ValueError(f"a frontier of {len(packed)} bytes for a tree of {size} leaves")
        return cls(size, tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """True if the proof shows the leaf hash at `index` of the tree of this size and root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and current == root


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """True if the proof shows that the old tree is a prefix of the new one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    position, last = old - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_hash = new_hash = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_hash, new_hash = node_hash(sibling, old_hash), node_hash(sibling, new_hash)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_hash = node_hash(new_hash, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_hash == old_root and new_hash == root
