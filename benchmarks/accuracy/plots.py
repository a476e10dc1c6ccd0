"""The curves of evaluation, as ISO/IEC 19795-1 has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matcher.evaluation.error_rates import trade_off

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]
Columns = Mapping[str, tuple[Floats, Floats]]
"""Mated and non-mated dissimilarities by recogniser."""

POINTS = 200


def det(figure: "Figure", columns: Columns, least: float) -> None:
    """False non-match rate over false match rate, from `least` on, both logarithmic."""
    axes = figure.add_subplot()
    rates = np.logspace(np.log10(least), 0, POINTS)
    for name, (mated, non_mated) in columns.items():
        missed = trade_off(mated, non_mated, rates.tolist())
        axes.plot(rates, np.maximum(missed, 0.2 / len(mated)), label=name)
    axes.set(xscale="log", yscale="log", xlabel="false match rate", ylabel="false non-match rate")
    axes.grid(alpha=0.3)
    axes.legend()


def roc(figure: "Figure", columns: Columns, least: float) -> None:
    """The share of mated pairs that match over the false match rate."""
    axes = figure.add_subplot()
    rates = np.logspace(np.log10(least), 0, POINTS)
    for name, (mated, non_mated) in columns.items():
        axes.plot(rates, 1 - trade_off(mated, non_mated, rates.tolist()), label=name)
    axes.set(xscale="log", xlabel="false match rate", ylabel="mated pairs that match", ylim=(None, 1.005))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def distributions(figure: "Figure", columns: Columns) -> None:
    """How far apart mated and non-mated pairs are."""
    for place, (name, (mated, non_mated)) in enumerate(columns.items(), start=1):
        axes = figure.add_subplot(len(columns), 1, place)
        finite = {"mated": mated[np.isfinite(mated)], "non-mated": non_mated[np.isfinite(non_mated)]}
        everything = np.concatenate(list(finite.values()))
        bins = np.linspace(everything.min(), everything.max(), 80).tolist()
        for label, values in finite.items():
            axes.hist(values, bins, alpha=0.6, density=True, label=label)
        axes.set(title=name, xlabel="dissimilarity", ylabel="density")
        axes.legend()


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rate with its interval, and what it is of."""

    name: str
    rate: float
    low: float
    high: float


def bars(figure: "Figure", each: Sequence[Bar], what: str) -> None:
    """Some rates under one another."""
    axes = figure.add_subplot()
    names, middle = [bar.name for bar in each], np.array([bar.rate for bar in each])
    below = np.maximum(middle - np.array([bar.low for bar in each]), 0)
    above = np.maximum(np.array([bar.high for bar in each]) - middle, 0)
    axes.errorbar(middle, range(len(names)), xerr=[below, above], fmt="o", capsize=4)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=what, ylim=(-0.6, len(names) - 0.4))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3, axis="x")


def matrix(figure: "Figure", names: Sequence[str], rates: Floats, what: str) -> None:
    """The rate between each group and each other; empty where nothing is claimed."""
    axes = figure.add_subplot()
    shown = axes.imshow(rates, cmap="viridis")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    for row, values in enumerate(rates):
        for column, rate in enumerate(values):
            if np.isfinite(rate):
                axes.text(column, row, f"{rate:.1e}", ha="center", va="center", color="white", fontsize=9)
    figure.colorbar(shown, label=what)
