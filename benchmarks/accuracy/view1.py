"""LFW's view 1, on which thresholds, weights and steps are chosen, so that view 2 is used for the final number only."""

from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lfw import Lfw

TITLE = "LFW deep-funneled, view 1"


def view1(lfw: Lfw) -> tuple[Trial, ...]:
    """All 3,200 pairs; those of its smaller part, of other people, are of fold 1."""
    return tuple(
        Trial(
            probe=f"{pair.left.parent.name}/{pair.left.stem}",
            reference=f"{pair.right.parent.name}/{pair.right.stem}",
            mated=pair.mated,
            fold=fold,
        )
        for fold, pairs in enumerate((lfw.view1_train(), lfw.view1_test()))
        for pair in pairs
    )
