"""The tables, targets and plot of the search benchmark."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.harness.benchmark import Table, Target
from benchmarks.search.search_contestants import CELLS, EXACT, FLAT
from benchmarks.search.search_measures import CHANGED
from benchmarks.search.search_trial import LET_THROUGH

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def size_table(size: int, figures: Mapping[str, Any]) -> Table:
    """The figures of each contestant in a gallery of that size."""
    return Table(
        title=f"{size:,} references",
        columns=(
            "index",
            "build",
            "memory",
            "one query p50 / p99",
            "batch",
            "mated recall at 100 / 10 / 1 %",
            "of each reference",
        ),
        rows=[
            (
                name,
                f"{one['build_seconds']:.1f} s",
                f"{one['bytes'] / 2**20:,.0f} MiB",
                f"{one['single_seconds']['p50'] * 1000:.2f} / {one['single_seconds']['p99'] * 1000:.2f} ms "
                f"({one['single_times_first']:.1f} ×)",
                f"{one['batch_seconds_a_query']['p50'] * 1000:.2f} ms ({one['batch_times_first']:.1f} ×)",
                " / ".join(_recall(one["mated_recall"][str(share)]) for share in LET_THROUGH),
                _recall(one["mated_recall"]["each_reference"]),
            )
            for name, one in figures.items()
        ],
    )


def _recall(counted: Mapping[str, Any]) -> str:
    return "–" if counted["recall"] is None else f"{counted['recall']:.4f}"


def targets(figures: Mapping[str, Any], size: int) -> Sequence[Target]:
    """The targets for one query, judged by the fastest contestant with enough recall, and for exact batches."""
    good = {name: one for name, one in figures.items() if one["mated_recall"]["1.0"]["recall"] >= 0.9995}
    name = min(good, key=lambda one: float(good[one]["single_seconds"]["p50"]))
    best, exact = good[name], figures[EXACT]
    p50, p99 = (best["single_seconds"][key] * 1000 for key in ("p50", "p99"))
    return (
        Target(
            aim=f"one query at {size:,} references: p50 ≤ 0.5 ms, p99 ≤ 2 ms, mated recall ≥ 0.9995",
            measured=f"{name}: {p50:.2f} / {p99:.2f} ms",
            met=p50 <= 0.5 and p99 <= 2,
        ),
        Target(
            aim="≥ 60 × faster than FAISS Flat in the same run",
            measured=f"{name}: {best['single_times_first']:.1f} ×",
            met=best["single_times_first"] >= 60,
            why_not="" if best["single_times_first"] >= 60 else _bandwidth(figures[FLAT]),
        ),
        Target(
            aim="exact search in batches ≥ 5 × FAISS Flat's throughput",
            measured=f"{exact['batch_times_first']:.1f} ×",
            met=exact["batch_times_first"] >= 5,
        ),
    )


def _bandwidth(flat: Mapping[str, Any]) -> str:
    """A sixtieth of Flat's time, compared with the memory that must be read in it."""
    seconds = flat["single_seconds"]["p50"]
    read = flat["bytes"] / seconds
    return (
        f"Flat reads {read / 1e9:.0f} GB/s, about what memory gives; a sixtieth of its time is "
        f"{seconds / 60 * 1000:.2f} ms, in which the codes of the cells that are looked into come from memory too"
    )


def huge_target(figures: Mapping[str, Any], size: int) -> Target:
    """The targets for ten million references."""
    one = figures[CELLS]
    p50, gib = one["single_seconds"]["p50"] * 1000, one["bytes"] / 2**30
    return Target(
        aim=f"one query at {size:,} references: p50 ≤ 2 ms in ≤ 4 GiB",
        measured=f"{p50:.2f} ms, {gib:.2f} GiB, mated recall {one['mated_recall']['1.0']['recall']:.4f}",
        met=p50 <= 2 and gib <= 4,
    )


def filter_target(size: int, figures: Mapping[str, Any]) -> Target:
    """The targets for a scope of few subjects."""
    counted = figures[CELLS]["mated_recall"]["0.01"]
    return Target(
        aim=f"{size:,} references, 1 % of the subjects let through: mated recall ≥ 0.9995",
        measured=f"{counted['found']} of {counted['of']}",
        met=counted["of"] > 0 and counted["found"] >= 0.9995 * counted["of"],
    )


def changes_table(sizes: Mapping[int, Mapping[str, Any]]) -> Table:
    """The time of changes of this project's indexes."""
    return Table(
        title=f"Removing and adding {CHANGED} references, median",
        columns=("references", "index", "removed in", "added in"),
        rows=[
            (f"{size:,}", name, *(f"{one[key]['p50'] * 1000:.2f} ms" for key in ("remove_seconds", "add_seconds")))
            for size, figures in sizes.items()
            for name, one in figures.items()
            if "add_seconds" in one
        ],
    )


def draw_recall(figure: "Figure", figures: Mapping[str, Any]) -> None:
    """Recall by time, a point for each contestant."""
    axes = figure.subplots()
    for place, (name, one) in enumerate(figures.items()):
        times, recall = one["single_seconds"]["p50"] * 1000, one["mated_recall"]["1.0"]["recall"]
        # A shape for each seven, for there are seven colours.
        axes.scatter(times, recall, marker="os^Dv"[place // 7 % 5], label=name)
    axes.set(xlabel="one query, p50, ms", ylabel="mated recall against exact search", xscale="log")
    axes.legend()
