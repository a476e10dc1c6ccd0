"""A set of reference numbers, one bit each: as quick for a million as for ten, and what FAISS filters by."""

from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]


class Selection:
    """Immutable. Numbers are 0 or more; their bits stand in bytes, lowest bit first."""

    def __init__(self, bits: Bits, count: int) -> None:
        """Use `of`. count: how many bits are set."""
        bits.setflags(write=False)
        self.bits = bits
        self._count = count

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """The set of these numbers, given in any order."""
        members = np.fromiter(numbers, dtype=np.int64)
        mask = np.zeros(members.max(initial=-1) + 1, dtype=np.bool_)
        mask[members] = True
        return cls.where(mask)

    @classmethod
    def where(cls, mask: NDArray[np.bool_]) -> Self:
        """The set of the numbers, counted from 0, whose place in the mask is true."""
        last = len(mask) - int(mask[::-1].argmax()) if mask.any() else 0
        return cls(np.packbits(mask[:last], bitorder="little"), int(np.count_nonzero(mask)))

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        return 0 <= number < 8 * len(self.bits) and bool(self.bits[number >> 3] >> (number & 7) & 1)

    def changed(self, numbers: Iterable[int], *, included: bool) -> Self:
        """The set with these numbers in it, or without them."""
        affected = [number for number in set(numbers) if (number in self) != included]
        if not affected:
            return self
        bits = np.zeros(max(len(self.bits), (max(affected) >> 3) + 1), dtype=np.uint8)
        bits[: len(self.bits)] = self.bits
        for number in affected:
            bits[number >> 3] ^= 1 << (number & 7)
        return type(self)(bits, self._count + (len(affected) if included else -len(affected)))

    @property
    def end(self) -> int:
        """No number in the set is as great as this."""
        return 8 * len(self.bits)

    def mask(self, begin: int, end: int) -> NDArray[np.bool_]:
        """(end - begin,) which of these numbers are in the set. begin: a multiple of 8."""
        found = np.zeros(end - begin, dtype=np.bool_)
        bits = np.unpackbits(self.bits[begin >> 3 : (end + 7) >> 3], bitorder="little")[: len(found)]
        found[: len(bits)] = bits
        return found
