"""The figures, tables and plots of the `streams` benchmark."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import memory
from benchmarks.harness.benchmark import Table
from benchmarks.harness.spread import spread
from benchmarks.streams.load import Load
from benchmarks.streams.step import Step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AIMED_RATE, AIMED_P95, AIMED_MAX = 5.0, 0.4, 2.0
"""The targets for a camera: analysed frames a second, seconds from capture to decision."""

RATE_TOLERANCE = 0.02
"""The rate that counting whole frames at both ends of a step may lose."""


def load_figures(run: Load) -> dict[str, Any]:
    """Everything about one step."""
    healths = list(zip(run.before, run.after, strict=True))
    stages = {stage: spread(times) | {"cores": sum(times) / run.seconds} for stage, times in sorted(run.stages.items())}
    return {
        "seconds": run.seconds,
        "analysed_a_second": run.rates,
        "decision_seconds": spread(run.decisions),
        "stage_seconds": stages,
        "frames": [after.frames - before.frames for before, after in healths],
        "dropped": [after.dropped - before.dropped for before, after in healths],
        "interruptions": run.interruptions,
        "cores": run.cpu_seconds / run.seconds,
        "rtsp_server_cores": run.server_cpu_seconds / run.seconds,
        "memory": memory.figures(run.memory),
    }


def tables(runs: Mapping[str, Any]) -> list[Table]:
    """What the terminal shows. runs: the figures of each step by its label."""
    return [_speed_table(runs), _memory_table(runs), _stage_table(runs)]


def _speed_table(runs: Mapping[str, Any]) -> Table:
    return Table(
        title="Analysed frames a second per camera; capture to decision; CPU cores of the service, of the RTSP server",
        columns=("cameras", "min", "median", "p50", "p95", "p99", "max", "n", "dropped", "cores", "server"),
        rows=[
            [
                count,
                f"{min(run['analysed_a_second']):.2f}",
                f"{np.median(run['analysed_a_second']):.2f}",
                *(_milliseconds(run["decision_seconds"], key) for key in ("p50", "p95", "p99", "max")),
                str(run["decision_seconds"]["count"]),
                str(sum(run["dropped"])),
                f"{run['cores']:.2f}",
                f"{run['rtsp_server_cores']:.2f}",
            ]
            for count, run in runs.items()
        ],
    )


def _milliseconds(values: Mapping[str, Any], key: str) -> str:
    return f"{values[key] * 1000:.0f} ms" if key in values else "–"


def _memory_table(runs: Mapping[str, Any]) -> Table:
    return Table(
        title="Memory in MiB; growth of all PSS after the warm-up in MiB a minute, with its standard error",
        columns=("cameras", "worker RSS", "worker USS", "worker PSS", "service RSS", "growth"),
        rows=[
            [
                count,
                *(f"{run['memory']['worker'][kind] / 2**20:.0f}" for kind in ("rss", "uss", "pss")),
                f"{run['memory']['service']['rss'] / 2**20:.0f}",
                _growth(run["memory"]["growth"]),
            ]
            for count, run in runs.items()
        ],
    )


def _growth(grown: Mapping[str, float] | None) -> str:
    return "–" if grown is None else f"{grown['slope'] / 2**20:+.2f} ± {grown['error'] / 2**20:.2f}"


def _stage_table(runs: Mapping[str, Any]) -> Table:
    stages = sorted({stage for run in runs.values() for stage in run["stage_seconds"]})
    return Table(
        title="By stage: median time in ms, and seconds spent each second by all cameras",
        columns=("cameras", *stages),
        rows=[[count, *(_stage(run["stage_seconds"].get(stage)) for stage in stages)] for count, run in runs.items()],
    )


def _stage(values: Mapping[str, float] | None) -> str:
    return "–" if not values or "p50" not in values else f"{values['p50'] * 1000:.1f} / {values['cores']:.2f}"


def shortfall(run: Load) -> str:
    """The targets that the cameras missed; empty if all were met."""
    longest = max(run.decisions, default=0.0)
    p95 = float(np.percentile(run.decisions, 95)) if run.decisions else 0.0
    slowest = min(run.rates)
    found = []
    if slowest < AIMED_RATE * (1 - RATE_TOLERANCE):
        found.append(f"slowest camera {slowest:.2f} a second")
    if p95 > AIMED_P95:
        found.append(f"p95 {p95 * 1000:.0f} ms")
    if longest > AIMED_MAX:
        found.append(f"longest {longest * 1000:.0f} ms")
    if run.interruptions:
        found.append(f"{run.interruptions} interruptions")
    return ", ".join(found)


def carried_table(unmet: Mapping[str, str]) -> Table:
    """The first step that misses a target. unmet: the missed targets by step."""
    return Table(
        title=f"Carried: {AIMED_RATE:g} analysed frames a second each, p95 ≤ {AIMED_P95 * 1000:.0f} ms, "
        f"none over {AIMED_MAX:g} s",
        columns=("cameras", "carried", "what was not reached"),
        rows=[[label, "no" if why else "yes", why] for label, why in unmet.items()],
    )


def rate_plot(loads: Mapping[Step, Load]) -> "Callable[[Figure], None]":
    """Analysed frames a second, a dot a camera, which shows how evenly cameras share the CPU."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        places: Sequence[int] = range(len(loads))
        for place, run in zip(places, loads.values(), strict=True):
            axes.plot([place] * len(run.rates), run.rates, "o", alpha=0.5)
        axes.axhline(AIMED_RATE, color="grey", linestyle=":")
        axes.set_xticks(list(places), [step.label for step in loads])
        axes.set(xlabel="cameras", ylabel="analysed frames a second, each camera", ylim=(0, None))

    return draw
