"""Which references one of several shards holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.columns.vectors import Numbers
from matcher.people.unsealing import BLOCK


@dataclass(frozen=True, kw_only=True)
class Share:
    """One of `count` shares of all references: block n, of BLOCK numbers, is in the share n modulo count.

    place: of this share, from 0. Whole blocks, because a start reads blocks and unused rows of an array take no memory.
    """

    place: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if not 0 <= self.place < self.count:
            raise ValueError(f"share {self.place} of {self.count}: it is one of 0 to {self.count - 1}")

    def holds(self, numbers: Numbers) -> NDArray[np.bool_]:
        """(n,) which of these numbers are in the share."""
        held: NDArray[np.bool_] = numbers // BLOCK % self.count == self.place
        return held

    def of(self, blocks: range) -> range:
        """Which of the blocks from 0 on are in the share."""
        return blocks[self.place :: self.count]


WHOLE = Share()
"""The share of the only shard."""
