"""The targets of the `streams` benchmark and their results."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.harness import memory
from benchmarks.harness.benchmark import Target
from benchmarks.streams.load import Load
from benchmarks.streams.step import Step
from benchmarks.streams.streams_report import AIMED_MAX, AIMED_P95, AIMED_RATE, RATE_TOLERANCE

LONG_STEP = 600.0
SHORT_STEP = 45.0
"""The least seconds of a step for a target to be judged."""

OVERLOADED_P95, EVEN = 1.0, 0.5
"""Where there is too little CPU: seconds, and the least share of the fastest camera's rate that the slowest has."""


def targets(loads: Mapping[Step, Load]) -> list[Target]:
    """One for each target whose step was measured for long enough."""
    return [target for step, run in loads.items() if run.decisions for target in _of(step, run)]


def _of(step: Step, run: Load) -> Iterator[Target]:
    if step.cameras == 8 and run.seconds >= LONG_STEP:
        yield _rate("eight 1080p25 cameras", run)
        yield _delay("eight cameras", run)
        yield _memory(run)
    if step.cameras == 16 and run.seconds >= SHORT_STEP and step.substream:
        yield _rate("sixteen cameras with a substream of 640×360", run)
        yield _delay("sixteen cameras with a substream", run)
    elif step.cameras == 16 and run.seconds >= SHORT_STEP:
        yield _overload(run)


def _rate(whose: str, run: Load) -> Target:
    slowest = min(run.rates)
    met = slowest >= AIMED_RATE * (1 - RATE_TOLERANCE) and not run.interruptions
    return Target(
        aim=f"{whose} analysed {AIMED_RATE:g} times a second each",
        measured=f"slowest camera {slowest:.2f} a second",
        met=met,
        why_not="" if met else _cpu(run),
    )


def _delay(whose: str, run: Load) -> Target:
    p95, longest = _latest(run)
    return Target(
        aim=f"{whose}: capture to decision p95 ≤ {AIMED_P95 * 1000:.0f} ms, none over {AIMED_MAX:g} s",
        measured=_told(p95, longest, run),
        met=p95 <= AIMED_P95 and longest <= AIMED_MAX,
    )


def _memory(run: Load) -> Target:
    grown = memory.growth(run.memory)
    return Target(
        aim=f"eight cameras: flat memory for ten minutes (grown by {memory.FLAT_SHARE:.0%} at most)",
        measured="not known"
        if grown is None
        else f"{grown.slope / 2**20:+.2f} ± {grown.error / 2**20:.2f} MiB a minute of {grown.level / 2**20:.0f} MiB",
        met=grown is not None and grown.flat,
    )


def _overload(run: Load) -> Target:
    """With too little CPU: fewer frames, the same number of each camera, and none of them old."""
    p95, longest = _latest(run)
    return Target(
        aim=f"sixteen cameras, too many or not: p95 ≤ {OVERLOADED_P95:g} s, none over {AIMED_MAX:g} s, evenly",
        measured=f"{_told(p95, longest, run)}; {min(run.rates):.2f} to {max(run.rates):.2f} a second",
        met=p95 <= OVERLOADED_P95 and longest <= AIMED_MAX and min(run.rates) >= EVEN * max(run.rates),
    )


def _latest(run: Load) -> tuple[float, float]:
    return float(np.percentile(run.decisions, 95)), max(run.decisions)


def _cpu(run: Load) -> str:
    ours, server = run.cpu_seconds / run.seconds, run.server_cpu_seconds / run.seconds
    stages = sorted(((sum(times) / run.seconds, stage) for stage, times in run.stages.items()), reverse=True)[:3]
    waited = ", ".join(f"{stage} {seconds:.2f}" for seconds, stage in stages)
    return (
        f"CPU: service and workers took {ours:.2f} cores, the RTSP server beside them {server:.2f}; "
        f"seconds in each second, most in {waited}"
    )


def _told(p95: float, longest: float, run: Load) -> str:
    return f"p95 {p95 * 1000:.0f} ms, longest {longest * 1000:.0f} ms of {len(run.decisions)}"
