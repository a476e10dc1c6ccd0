"""LFW's view 1, on which thresholds, fusion weights and processing steps are chosen. View 2 is used only for the final
number."""

from benchmarks.datasets.dataset import Trial
from benchmarks.datasets.lfw import Lfw

TITLE = "LFW deep-funneled, view 1"


def view1(lfw: Lfw) -> tuple[Trial, ...]:
    """All 3,200 pairs. Training pairs have fold 0. The test pairs (fewer, with other people) have fold 1."""
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
