"""The distribution of capture to decision, as a picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATENCY_CAPTION = (
    "The share of searches that were decided within a time, in milliseconds, after their picture's arrival. Further "
    "left is better; the dotted line is the aim for 95 of 100."
)


def latency_plot(decisions: Mapping[str, Sequence[float]], *, aim: float) -> "Callable[[Figure], None]":
    """A line for each number of cameras, as named, of seconds from packet to decision. aim: for p95, in seconds."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for cameras, seconds in decisions.items():
            times = np.sort(seconds) * 1000
            axes.plot(times, np.arange(1, len(times) + 1) / max(len(times), 1), label=f"{cameras} camera(s)")
        axes.axvline(aim * 1000, color="grey", linestyle=":", label=f"{aim * 1000:.0f} ms")
        axes.set(xlabel="packet to logged decision, ms", ylabel="share of searches", ylim=(0, 1.02), xlim=(0, None))
        axes.legend(loc="lower right")

    return draw
