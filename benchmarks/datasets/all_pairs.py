"""Every sample against every other, once."""

from collections.abc import Sequence
from math import isqrt

from benchmarks.datasets.dataset import Sample, Trial
from benchmarks.datasets.lazy_trials import LazyTrials


def pair_count(samples: int) -> int:
    """The number of pairs of this number of samples."""
    return samples * (samples - 1) // 2


def pair_at(position: int) -> tuple[int, int]:
    """The pair at a position, larger one first: (1, 0), (2, 0), (2, 1), (3, 0), …

    Row i begins at the triangular number i(i - 1)/2, which is undone by a square root.
    """
    row = (1 + isqrt(1 + 8 * position)) // 2
    return row, position - pair_count(row)


class AllPairs(LazyTrials):
    """Trials between all `samples`, each of which has a subject; in one fold."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return pair_count(len(self._samples))

    def trial(self, position: int) -> Trial:
        """By `pair_at`."""
        probe, reference = (self._samples[index] for index in pair_at(position))
        return Trial(probe=probe.name, reference=reference.name, mated=probe.subject == reference.subject)
