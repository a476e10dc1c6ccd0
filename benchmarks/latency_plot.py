"""The distribution of capture to decision, as a picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def latency_plot(decisions: Mapping[int, Sequence[float]], *, aim: float) -> "Callable[[Figure], None]":
    """A line for each number of cameras, of seconds from packet to decision. aim: seconds that p95 is to stay under."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for count, seconds in decisions.items():
            times = np.sort(seconds) * 1000
            axes.plot(times, np.arange(1, len(times) + 1) / max(len(times), 1), label=f"{count} camera(s)")
        axes.axvline(aim * 1000, color="grey", linestyle=":", label=f"{aim * 1000:.0f} ms")
        axes.set(xlabel="packet to logged decision, ms", ylabel="share of searches", ylim=(0, 1.02), xlim=(0, None))
        axes.legend(loc="lower right")

    return draw
