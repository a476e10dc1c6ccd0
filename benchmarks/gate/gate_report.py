"""The tables, plots and targets of `benchmarks.gate.gate`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from benchmarks.accuracy.wording import rate_text, small_rate_text
from benchmarks.harness.benchmark import Plot, Table, Target
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPERATING_POINTS: Mapping[str, float] = {"fmr-1e-3": 1e-3, "fmr-1e-4": 1e-4, "fmr-1e-5": 1e-5}
"""The FMR of each operating point."""

MOST_TIMES = 2.0
"""The greatest ratio of the low end of FMR's interval to the operating point's rate."""

QUARTERS = ("90°", "180°", "270°")
LEAST_FOUND = 0.95
"""The target: the share of the people found upright who are found after a quarter turn."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rates at one operating point. Intervals of 95 %, by resampling people; FNMR of pictures that passed the gate.
    None: no pairs."""

    false_matches: int
    non_mated: int
    fmr: float | None
    fmr_interval: tuple[float, float]
    misses: int
    mated: int
    fnmr: float | None
    fnmr_interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Passed:
    """The figures of one kind. passed: of `pictures`. of_upright: of those that pass unchanged. refused: the number by
    reason; a picture may have several. rates: by operating point.
    """

    name: str
    degree: str
    pictures: int
    passed: int
    upright: int
    of_upright: int
    refused: Mapping[str, int]
    rates: Mapping[str, Rates]


def tables(passed: Sequence[Passed]) -> list[Table]:
    """One of each kind, its degrees in rows."""
    return [_table(name, list(degrees)) for name, degrees in groupby(passed, key=lambda one: one.name)]


def _table(name: str, degrees: Sequence[Passed]) -> Table:
    return Table(
        title=name,
        columns=(
            "degree",
            "passed",
            "of those passed upright",
            "refused for",
            *(f"FMR at {point}, 95 % interval" for point in OPERATING_POINTS),
            f"FNMR at {DEFAULT_OPERATING_POINT}, 95 % interval",
            "mated",
        ),
        rows=[_row(one) for one in degrees],
    )


def _row(one: Passed) -> tuple[str, ...]:
    default = one.rates[DEFAULT_OPERATING_POINT]
    return (
        one.degree,
        f"{one.passed:,} of {one.pictures:,}",
        f"{one.of_upright / one.upright:.1%}" if one.upright else "–",
        ", ".join(f"{reason} {count:,}" for reason, count in one.refused.items()) or "–",
        *(_fmr_text(one.rates[point]) for point in OPERATING_POINTS),
        "–" if default.fnmr is None else rate_text(default.fnmr, *default.fnmr_interval),
        str(default.mated),
    )


def _fmr_text(rates: Rates) -> str:
    return "–" if rates.fmr is None else small_rate_text(rates.fmr, *rates.fmr_interval)


def targets(passed: Sequence[Passed]) -> list[Target]:
    """The targets of the gate: the FMR of each kind, and the share found after quarter turns."""
    kinds = groupby(passed, key=lambda one: one.name)
    return [*(_false_matches(name, list(degrees)) for name, degrees in kinds), _found(passed)]


def _false_matches(name: str, degrees: Sequence[Passed]) -> Target:
    worst, times = "", 0.0
    for one in degrees:
        for point, rate in OPERATING_POINTS.items():
            found = one.rates[point].fmr_interval[0] / rate
            if found >= times:
                worst, times = f"{one.degree} at {point}".strip(), found
    return Target(
        aim=f"{name}: the low end of FMR's interval at most {MOST_TIMES:g} times the operating point's rate",
        measured=f"{times:.2f} times at most ({worst})",
        met=times <= MOST_TIMES,
    )


def _found(passed: Sequence[Passed]) -> Target:
    shares = {one.degree: one.of_upright / max(one.upright, 1) for one in passed if one.degree in QUARTERS}
    return Target(
        aim=f"of the people found upright at least {LEAST_FOUND:.0%} found at {', '.join(QUARTERS)}",
        measured=", ".join(f"{share:.1%}" for share in shares.values()),
        met=min(shares.values()) >= LEAST_FOUND,
    )


def plots(passed: Sequence[Passed]) -> list[Plot]:
    """The FMR by kind and degree, for each operating point."""
    return [
        Plot(
            name=point,
            draw=partial(_draw, passed, point),
            size=(8.0, 0.19 * len(passed) + 1.5),
            caption="How often two people are taken for one, by what was done to both pictures before the gate let "
            "them through. A dot is the measured rate, the line its 95 % interval, the dotted line the rate that the "
            "operating point stands for. Farther left is better; no dot: no false match, or nothing passed.",
        )
        for point in OPERATING_POINTS
    ]


def _draw(passed: Sequence[Passed], point: str, figure: "Figure") -> None:
    axes = figure.add_subplot()
    for place, one in enumerate(passed):
        rates = one.rates[point]
        if rates.fmr:
            low, high = rates.fmr_interval
            axes.plot([max(low, rates.fmr / 100), high], [place, place], color="tab:blue", linewidth=1)
            axes.plot(rates.fmr, place, "o", color="tab:blue", markersize=4)
    axes.axvline(OPERATING_POINTS[point], linestyle=":", color="grey", label=point)
    labels = [f"{one.name} {one.degree}".strip() for one in passed]
    axes.set(xscale="log", xlabel="false match rate", yticks=range(len(passed)), yticklabels=labels)
    axes.tick_params(axis="y", labelsize=7)
    axes.invert_yaxis()
    axes.legend()
