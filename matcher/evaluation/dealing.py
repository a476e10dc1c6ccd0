"""How often chance is tried where several questions are asked together at one level (Bonferroni)."""

import math


def dealings(questions: int, alpha: float, *, least: int, most: int) -> int | None:
    """So many that a p of alpha / questions lies well within what can come out: the smallest is one over them.

    At least `least`; None where it would take more than `most`.
    """
    needed = max(least, math.ceil(2 * questions / alpha))
    return needed if needed <= most else None
