"""The curves of evaluation as in ISO/IEC 19795-1, each with a caption that explains it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.wording import NOTHING_CLAIMED
from matcher.evaluation.error_rates import trade_off

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]
Columns = Mapping[str, tuple[Floats, Floats]]
"""Mated and non-mated dissimilarities by recogniser."""

POINTS = 200

DET_CAPTION = (
    "The trade-off between the two errors (DET), every threshold at once: a strict one is at the left, where strangers "
    "are seldom taken for each other (FMR) but more people are missed (FNMR); a loose one is at the right. Lower left "
    "is better; each axis goes in steps of ten. At the dotted line one mated pair of all is missed: what is below it "
    "is none."
)
ROC_CAPTION = (
    "The trade-off the other way up (ROC): how many pairs of one person are recognised, by how often strangers are "
    "taken for each other. Upper left is better."
)
DISTRIBUTIONS_CAPTION = (
    "How unlike two pictures are found, for pictures of one person (mated) and of two people (non-mated). A threshold "
    "is a vertical cut: what lies left of it matches. The less the two hills overlap, the fewer errors any cut makes."
)
BARS_CAPTION = (
    "A dot is a group's measured rate, the line through it its 95 % interval: where the truth may well be. Where two "
    "lines overlap widely, this does not show that the groups differ. The dashed line is the rate over everybody, with "
    "pairs across groups."
)
MATRIX_CAPTION = (
    "How often a person of the row's group is taken for a person of the column's. Darker is more often. What counts is "
    "the diagonal: strangers of one group, who are most easily taken for each other. Nothing is claimed where it is "
    "hatched. The intervals are in the tables."
)
CMC_CAPTION = (
    "Candidates (CMC): how often the person looked for is among the first candidates, by how many candidates are "
    "looked at. Upper left is better. It says nothing of people who are not in the gallery."
)
FNMR_CAPTION = (
    "How many people are missed as pictures get worse. A dot is a measured rate, the line through it its 95 % "
    "interval. Lower is better."
)


def det(figure: "Figure", columns: Columns, least: float) -> None:
    """False non-match rate over false match rate, from `least` on, both logarithmic."""
    axes = figure.add_subplot()
    rates = np.logspace(np.log10(least), 0, POINTS)
    fewest = max(len(mated) for mated, _ in columns.values())
    for name, (mated, non_mated) in columns.items():
        missed = trade_off(mated, non_mated, rates.tolist())
        axes.plot(rates, np.maximum(missed, 0.4 / fewest), label=_label(name, columns))
    axes.axhline(1 / fewest, color="grey", linestyle=":", linewidth=1, label=f"1 of {fewest:,} mated pairs")
    axes.set(xscale="log", yscale="log", ylabel="people missed: false non-match rate", ylim=(0.3 / fewest, 1.2))
    axes.yaxis.set_major_formatter(_percent)
    _false_match_axis(axes, least)
    axes.legend(title=_counts(columns), loc="upper right")


def roc(figure: "Figure", columns: Columns, least: float) -> None:
    """The share of mated pairs that match over the false match rate."""
    axes = figure.add_subplot()
    rates = np.logspace(np.log10(least), 0, POINTS)
    for name, (mated, non_mated) in columns.items():
        axes.plot(rates, 1 - trade_off(mated, non_mated, rates.tolist()), label=_label(name, columns))
    bottom = axes.get_ylim()[0]
    axes.set(ylabel="mated pairs that match", ylim=(bottom, 1 + 0.02 * (1 - bottom)))
    axes.yaxis.set_major_formatter(_percent)
    _false_match_axis(axes, least)
    axes.legend(title=_counts(columns), loc="lower right")


def distributions(figure: "Figure", columns: Columns) -> None:
    """The distributions of mated and non-mated dissimilarities; pairs without a found face are counted in the legend
    only."""
    for place, (name, pairs) in enumerate(columns.items(), start=1):
        axes = figure.add_subplot(len(columns), 1, place)
        axes.set(title=name, xlabel="dissimilarity: lower is more alike", ylabel="share of pairs", yticks=[])
        finite = [values[np.isfinite(values)] for values in pairs]
        everything = np.concatenate(finite)
        if not len(everything):
            axes.text(0.5, 0.5, "no face was found", ha="center", transform=axes.transAxes)
            continue
        bins = np.linspace(everything.min(), everything.max() + 1e-9, 80).tolist()
        for colour, kind, values, found in zip(("C0", "C1"), ("mated", "non-mated"), pairs, finite, strict=True):
            lost = len(values) - len(found)
            label = f"{kind}, n {len(values):,}" + (f", {lost:,} of them without a face" if lost else "")
            shares = np.full(len(found), 1 / max(len(found), 1))
            axes.hist(found, bins, weights=shares, color=colour, alpha=0.35)
            dash = "-" if kind == "mated" else "--"
            axes.hist(found, bins, weights=shares, color=colour, histtype="step", linestyle=dash, label=label)
        axes.set_ylim(top=1.35 * axes.get_ylim()[1])
        axes.legend(loc="upper center", ncols=2)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rate with its interval and its label. claimed: true if there are enough data for the rate."""

    name: str
    rate: float
    low: float
    high: float
    claimed: bool = True


def bars(figure: "Figure", each: Sequence[Bar], what: str, overall: float | None = None) -> None:
    """Some rates under one another, the first on top. overall: the rate of all together, as a line."""
    axes = figure.add_subplot()
    for place, bar in enumerate(each):
        if bar.claimed:
            reach = [[max(bar.rate - bar.low, 0)], [max(bar.high - bar.rate, 0)]]
            axes.errorbar([bar.rate], [place], xerr=reach, fmt="o", capsize=4, color="C0")
        else:
            axes.text(0.01, place, NOTHING_CLAIMED, style="italic", va="center", transform=axes.get_yaxis_transform())
    if overall is not None:
        axes.axvline(overall, color="black", linestyle="--", linewidth=1, label=f"over everybody: {overall:.0e}")
        axes.legend()
    axes.set_yticks(range(len(each)), [bar.name for bar in each])
    axes.set(xlabel=f"{what}, with 95 % intervals", ylim=(len(each) - 0.4, -0.6))
    nothing = not any(bar.claimed for bar in each)
    axes.set_xlim(left=0, right=4 * overall if nothing and overall else None)
    axes.xaxis.set_major_formatter(_percent)
    axes.grid(axis="x")


def matrix(figure: "Figure", names: Sequence[str], rates: Floats, what: str) -> None:
    """The rates between groups; hatched where no rate is reported (not finite)."""
    axes = figure.add_subplot()
    known = rates[np.isfinite(rates)]
    most = float(known.max()) if known.size else 1.0
    shown = axes.imshow(rates, cmap="Blues", vmin=0, vmax=most or 1.0)
    axes.patch.set(hatch="///", facecolor="#eeeeee", edgecolor="#999999")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    for row, values in enumerate(rates):
        for column, rate in enumerate(values):
            if np.isfinite(rate):
                dark = rate > 0.6 * most
                axes.text(
                    column, row, f"{rate:.1e}", ha="center", va="center", color="white" if dark else "black", fontsize=9
                )
    figure.colorbar(shown, label=what, format="%.1e")


def cmc(figure: "Figure", curves: Mapping[str, Floats]) -> None:
    """Cumulative match characteristic (ISO/IEC 19795-1): the identification rate by rank.

    curves: by name (ranks,), in [0, 1], the share of mated searches whose mate is among the first 1, 2, … candidates.
    """
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_subplot()
    longest = max(len(rates) for rates in curves.values())
    for name, rates in curves.items():
        axes.plot(np.arange(1, len(rates) + 1), rates, marker="o" if longest <= 30 else "", markersize=4, label=name)
    axes.set(xlabel="candidates looked at", ylabel="mated searches whose person is among them")
    axes.set_xlim(0.5, longest + 0.5)
    bottom = axes.get_ylim()[0]
    axes.set_ylim(bottom, 1 + 0.02 * (1 - bottom))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(_percent)
    axes.grid()
    axes.legend(loc="lower right")


def fnmr_curve(
    figure: "Figure",
    xs: Sequence[float] | Sequence[str],
    rates: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    xlabel: str,
    *,
    label: str = "",
) -> None:
    """False non-match rates in [0, 1] with their intervals over a quantity: size, blur, compression.

    xs: numbers, or names in order. rates, lows, highs: as many. label: names the curve. A further call for the same
    figure draws another curve into it, a little to the right where the steps are names.
    """
    axes = figure.axes[0] if figure.axes else figure.add_subplot()
    drawn = len(axes.containers)
    middle = np.array(rates, float)
    reach = [np.maximum(middle - np.array(lows, float), 0), np.maximum(np.array(highs, float) - middle, 0)]
    named = any(isinstance(x, str) for x in xs)
    places = np.arange(len(xs)) + 0.06 * drawn if named else np.array(xs, float)
    top = max(axes.get_ylim()[1] if drawn else 0.0, 1.08 * max(highs), 1e-6)
    axes.errorbar(places, middle, yerr=reach, marker="os^Dv"[drawn % 5], markersize=5, capsize=4, label=label or None)
    if named:
        axes.set_xticks(range(len(xs)), [str(x) for x in xs])
    axes.set(xlabel=xlabel, ylabel="people missed: false non-match rate", ylim=(0, top))
    axes.yaxis.set_major_formatter(_percent)
    axes.grid(True)
    if label:
        axes.legend()


def _false_match_axis(axes: "Axes", least: float) -> None:
    """A logarithmic axis of false match rates, in words: 1 in 1,000."""
    axes.set(xscale="log", xlabel="strangers taken for each other: false match rate", xlim=(least, 1.0))
    decades = np.arange(round(np.log10(least)), 1)
    size = 9 if len(decades) > 6 else None
    axes.set_xticks(10.0**decades, [_one_in(int(-decade)) for decade in decades], fontsize=size)
    axes.grid()


def _one_in(zeros: int) -> str:
    return f"1 in {10**zeros:,}" if zeros else "all"


def _percent(rate: float, _: object) -> str:
    return f"{rate * 100:.4g} %"


def _alike(columns: Columns) -> bool:
    return len({(len(mated), len(non_mated)) for mated, non_mated in columns.values()}) == 1


def _label(name: str, columns: Columns) -> str:
    return name if _alike(columns) else f"{name} ({_pairs(*columns[name])})"


def _counts(columns: Columns) -> str | None:
    return _pairs(*next(iter(columns.values()))) if _alike(columns) else None


def _pairs(mated: Floats, non_mated: Floats) -> str:
    return f"{len(mated):,} mated, {len(non_mated):,} non-mated pairs"
