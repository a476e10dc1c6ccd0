"""How pictures are drawn and saved: one look for all, for colour-blind readers too, and the same bytes every time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness.benchmark import Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Told apart with any common colour vision (Okabe and Ito, "Color Universal Design", 2008), without their yellow."""

DASHES = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 2, 1, 2, 1, 2)), (0, (1, 4)))

MANY_POINTS = 5000
"""A drawing with more points than this goes into an SVG as pixels, which are smaller."""


def save_plot(plot: Plot, path: Path) -> None:
    """Draws it with matplotlib's file backends, as `path` and as an SVG beside it: no display is needed.

    matplotlib's settings are changed while it draws, and put back.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_settings()):
        figure = Figure(figsize=plot.size, dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        plot.draw(figure)
        _thin_out(figure)
        figure.savefig(path)
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def _settings() -> dict[Any, Any]:
    from cycler import cycler

    return {
        "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=DASHES),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": "#d0d0d0",
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "legend.framealpha": 0.9,
        "font.size": 11.0,
        "axes.titlesize": 12.0,
        # Names inside the file are made from this and the contents, not from chance.
        "svg.hashsalt": "clearglass",
    }


def _thin_out(figure: "Figure") -> None:
    for axes in figure.axes:
        crowded = [one for one in axes.lines if np.size(one.get_xdata()) > MANY_POINTS]
        for drawn in (*crowded, *(one for one in axes.collections if np.size(one.get_offsets()) > 2 * MANY_POINTS)):
            drawn.set_rasterized(True)
