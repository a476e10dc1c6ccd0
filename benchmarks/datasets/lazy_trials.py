"""Trials that are made on access: protocols of many millions would not fit into memory as objects."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import overload

from benchmarks.datasets.dataset import Trial


class LazyTrials(Sequence[Trial], ABC):
    """A sequence of trials; an implementation provides its length and single trials."""

    @abstractmethod
    def trial(self, position: int) -> Trial:
        """The one at a position from 0 to the length."""

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Trial]: ...

    def __getitem__(self, index: int | slice) -> Trial | Sequence[Trial]:
        positions = range(len(self))[index]
        return self.trial(positions) if isinstance(positions, int) else tuple(map(self.trial, positions))

    def __iter__(self) -> Iterator[Trial]:
        return map(self.trial, range(len(self)))
