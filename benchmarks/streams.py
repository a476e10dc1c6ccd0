"""How many cameras this machine carries: more and more of them, the RTSP server on the same cores."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.benchmark import Context, Plot, Result
from benchmarks.datasets.lfw import Lfw
from benchmarks.latency_plot import latency_plot
from benchmarks.load import Load, load
from benchmarks.rehearsal_cast import Size, choose_cast
from benchmarks.scene import compose
from benchmarks.streams_report import AIMED_P95, load_figures, rate_plot, tables, targets
from matcher.matcher import Matcher
from matcher.settings import MatcherSettings

SEED = 30


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything. steps: number of cameras to seconds of measurement. interval: between looks at memory."""

    size: Size
    scenes: int
    scene_seconds: float
    steps: Mapping[int, float]
    interval: float


QUICK = Plan(
    size=Size(walkers=4, others=4, strangers=4), scenes=1, scene_seconds=8.0, steps={1: 4.0, 2: 4.0}, interval=1.0
)
FULL = Plan(
    size=Size(walkers=20, others=180, strangers=30),
    scenes=4,
    scene_seconds=60.0,
    steps={1: 60.0, 2: 60.0, 4: 60.0, 8: 600.0, 16: 90.0},
    interval=5.0,
)


class StreamsBenchmark:
    """See `benchmarks.benchmark.Benchmark`."""

    name = "streams"
    summary = "1080p25 H.264 cameras over RTSP, from one to sixteen: analysed frames, delay, drops, CPU, memory, stages"

    def run(self, context: Context) -> Result:
        """Enrols, composes, and measures one number of cameras after another."""
        plan = QUICK if context.quick else FULL
        lfw = Lfw(context.data)
        load_before = os.getloadavg()[0]
        loads: dict[int, Load] = {}
        with (
            tempfile.TemporaryDirectory(prefix="clearglass-streams-") as folder,
            Matcher.open(MatcherSettings(folder=Path(folder, "data"))) as matcher,
        ):
            cast = choose_cast(lfw, matcher, plan.size, context.progress, seed=SEED)
            scenes = compose(
                Path(folder), cast, context.progress, scenes=plan.scenes, seconds=plan.scene_seconds, seed=SEED
            )
            for count, seconds in plan.steps.items():
                films = [scenes[number % len(scenes)].path for number in range(count)]
                loads[count] = load(matcher, films, seconds, context.progress, interval=plan.interval)
        by_cameras = {str(count): load_figures(one) for count, one in loads.items()}
        return Result(
            figures={"load_before": load_before, "runs": by_cameras},
            tables=tables(by_cameras),
            plots=[
                Plot(
                    name="latency",
                    draw=latency_plot({count: run.decisions for count, run in loads.items()}, aim=AIMED_P95),
                ),
                Plot(name="rate", draw=rate_plot(loads)),
            ],
            targets=targets(loads),
        )
