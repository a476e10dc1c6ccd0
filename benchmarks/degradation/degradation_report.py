"""The tables and plots of `benchmarks.degradation.degradation`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.accuracy.plots import FNMR_CAPTION, fnmr_curve
from benchmarks.harness.benchmark import Plot, Table
from matcher.recognition.needs import Need
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OTHER = "fmr-1e-4"
MEDIANS = ("eye_distance", "sharpness", "brightness", "nod")


def tables(curves: Sequence[Mapping[str, Any]], needs: Mapping[str, Need]) -> list[Table]:
    """One of each curve, and what comes of them."""
    return [*(_table(curve) for curve in curves), _needs_table(needs)]


def _table(curve: Mapping[str, Any]) -> Table:
    levels = [("as it is", curve["as_it_is"]), *((_value(level), level) for level in curve["levels"])]
    return Table(
        title=f"{curve['name']}: {curve['label']}",
        columns=(
            curve["unit"],
            "n",
            "not found",
            f"FNMR at {DEFAULT_OPERATING_POINT}, 95 % interval",
            f"at {OTHER}",
            "eyes, px",
            "sharpness",
            "grey",
            "nod",
            "bits a pixel",
        ),
        rows=[(value, *_row(level)) for value, level in levels],
    )


def _value(level: Mapping[str, Any]) -> str:
    return f"{level['value']:g}" + (f" to {level['to']:g}" if "to" in level else "")


def _row(level: Mapping[str, Any]) -> tuple[str, ...]:
    found, median, bits = level[DEFAULT_OPERATING_POINT], level["median"], level["bits_per_pixel"]
    return (
        str(level["n"]),
        str(level["not_found"]),
        f"{found['fnmr']:.3f} [{found['fnmr_low']:.3f}, {found['fnmr_high']:.3f}]",
        f"{level[OTHER]['fnmr']:.3f}",
        *(f"{median[name]:.0f}" if name in median else "–" for name in MEDIANS),
        "–" if bits is None else f"{bits:.3f}",
    )


def _needs_table(needs: Mapping[str, Need]) -> Table:
    return Table(
        title="What a face needs",
        columns=("quantity", "holds to", "limit", "clearly worse at", "in", "mated pairs"),
        rows=[
            (
                name,
                f"{need.holds:.4g}",
                f"{need.limit:.4g}",
                "not seen" if need.fails is None else f"{need.fails:.4g}",
                need.unit,
                str(need.mated),
            )
            for name, need in needs.items()
        ],
    )


def plots(curves: Sequence[Mapping[str, Any]]) -> list[Plot]:
    """FNMR against each quantity, with error bars."""
    return [
        Plot(name=curve["name"].replace("_", "-"), draw=partial(_draw, curve), caption=FNMR_CAPTION) for curve in curves
    ]


def _draw(curve: Mapping[str, Any], figure: "Figure") -> None:
    levels = curve["levels"]
    places = [(level["value"] + level.get("to", level["value"])) / 2 for level in levels]
    for name in (DEFAULT_OPERATING_POINT, OTHER):
        rates, lows, highs = ([level[name][key] for level in levels] for key in ("fnmr", "fnmr_low", "fnmr_high"))
        fnmr_curve(figure, places, rates, lows, highs, f"{curve['label']} ({curve['unit']})", label=f"at {name}")
    base = curve["as_it_is"][DEFAULT_OPERATING_POINT]["fnmr"]
    figure.axes[0].axhline(base, color="grey", linestyle=":", label=f"as it is, at {DEFAULT_OPERATING_POINT}")
    figure.axes[0].legend()
