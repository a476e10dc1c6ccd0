"""Chooses the trials of a set that are measured: all, or an even sample if they are too many for one score file."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.trial_table import TrialTable

MOST_TRIALS = 2_000_000
"""A score file with this number of trials takes a quarter of a gigabyte."""


def at_most(trials: Sequence[Trial], most: int = MOST_TRIALS) -> Sequence[Trial]:
    """All trials; if there are more than `most`, all mated ones and an even sample of the non-mated, about `most` in
    all."""
    if len(trials) <= most:
        return trials
    mated = trials.mated if isinstance(trials, TrialTable) else np.fromiter((one.mated for one in trials), bool)
    non_mated = np.flatnonzero(~mated)
    step = -(-len(non_mated) // max(most - int(mated.sum()), 1))
    return [trials[place] for place in np.sort(np.append(np.flatnonzero(mated), non_mated[::step])).tolist()]


def thinned(trials: Sequence[Trial], count: int) -> list[Trial]:
    """About this number of trials: an even sample of the mated and of the non-mated of each fold, at least one of
    each."""
    kinds: dict[tuple[int, bool], list[Trial]] = defaultdict(list)
    for trial in trials:
        kinds[trial.fold, trial.mated].append(trial)
    each = max(count // max(len(kinds), 1), 1)
    return [trial for kind in kinds.values() for trial in kind[:: max(len(kind) // each, 1)][:each]]
