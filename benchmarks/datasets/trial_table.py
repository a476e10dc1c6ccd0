"""Trials as columns: ten bytes each, where an object takes two hundred. IJB-C has fifteen million."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lazy_trials import LazyTrials


class TrialTable(LazyTrials):
    """Columns of one length. probes, references: positions in `names`. folds: None where there are none.

    The columns are for computations with all trials; as a sequence it contains `Trial`.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        probes: ArrayLike,
        references: ArrayLike,
        mated: ArrayLike,
        folds: ArrayLike | None = None,
    ) -> None:
        self.names = names
        self.probes: NDArray[np.int32] = _column(probes, np.int32)
        self.references: NDArray[np.int32] = _column(references, np.int32)
        self.mated: NDArray[np.bool_] = _column(mated, np.bool_)
        self.folds: NDArray[np.int8] = _column(np.zeros(len(self.mated)) if folds is None else folds, np.int8)
        if not len(self.probes) == len(self.references) == len(self.mated) == len(self.folds):
            raise ValueError("columns of several lengths")

    def __len__(self) -> int:
        return len(self.mated)

    def trial(self, position: int) -> Trial:
        """One row."""
        return Trial(
            probe=self.names[self.probes[position]],
            reference=self.names[self.references[position]],
            mated=bool(self.mated[position]),
            fold=int(self.folds[position]),
        )


def _column(values: ArrayLike, kind: type[Any]) -> NDArray[Any]:
    return np.asarray(values, dtype=kind).reshape(-1)
