"""The number of cameras that this machine supports: an increasing number, with the RTSP server on the same cores."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.lfw import Lfw
from benchmarks.harness.benchmark import Context, Plot, Result
from benchmarks.harness.errors import MeasurementError
from benchmarks.harness.latency_plot import LATENCY_CAPTION, latency_plot
from benchmarks.streams.load import Load, load
from benchmarks.streams.rehearsal_cast import Size, choose_cast
from benchmarks.streams.scene import compose
from benchmarks.streams.step import Step
from benchmarks.streams.streams_report import AIMED_P95, carried_table, load_figures, rate_plot, shortfall, tables
from benchmarks.streams.streams_targets import targets
from ingest.rehearsal.film.film import make_substream
from matcher.matcher import Matcher
from matcher.settings import MatcherSettings

SEED = 30


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The extent of the measurement. beyond: further steps, up to the first that is not supported. interval: seconds
    between samples of memory."""

    size: Size
    scenes: int
    scene_seconds: float
    steps: tuple[Step, ...]
    beyond: tuple[Step, ...]
    interval: float


QUICK = Plan(
    size=Size(walkers=4, others=4, strangers=4),
    scenes=1,
    scene_seconds=8.0,
    steps=(Step(cameras=1, seconds=4.0), Step(cameras=2, seconds=4.0, substream=True)),
    beyond=(),
    interval=1.0,
)
FULL = Plan(
    size=Size(walkers=20, others=180, strangers=30),
    scenes=4,
    scene_seconds=60.0,
    steps=(
        Step(cameras=1, seconds=45.0),
        Step(cameras=2, seconds=45.0),
        Step(cameras=4, seconds=45.0),
        Step(cameras=8, seconds=600.0),
        Step(cameras=16, seconds=60.0),
        Step(cameras=16, seconds=60.0, substream=True),
    ),
    beyond=tuple(Step(cameras=cameras, seconds=60.0) for cameras in (20, 24, 32, 48)),
    interval=5.0,
)


class StreamsBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "streams"
    summary = "1080p25 H.264 cameras over RTSP, more and more: analysed frames, delay, drops, CPU, memory, stages"

    def run(self, context: Context) -> Result:
        """Enrols, composes, and measures one number of cameras after another."""
        plan = QUICK if context.quick else FULL
        lfw = Lfw(context.data)
        load_before = os.getloadavg()[0]
        loads: dict[Step, Load] = {}
        failed: dict[Step, str] = {}
        with (
            tempfile.TemporaryDirectory(prefix="clearglass-streams-") as folder,
            Matcher.open(MatcherSettings(folder=Path(folder, "data"))) as matcher,
        ):
            cast = choose_cast(lfw, matcher, plan.size, context.progress, seed=SEED)
            scenes = compose(
                Path(folder), cast, context.progress, scenes=plan.scenes, seconds=plan.scene_seconds, seed=SEED
            )
            films = [scene.path for scene in scenes]
            smaller = [make_substream(film, film.with_suffix(".small.mp4")) for film in films]
            for step in (*plan.steps, *plan.beyond):
                if step in plan.beyond and (failed or any(map(shortfall, loads.values()))):
                    break
                numbers = [number % len(films) for number in range(step.cameras)]
                try:
                    loads[step] = load(
                        matcher,
                        [films[number] for number in numbers],
                        step.seconds,
                        context.progress,
                        substreams=[smaller[number] for number in numbers] if step.substream else (),
                        interval=plan.interval,
                    )
                except MeasurementError as error:
                    # An overload is a result, and does not affect the other steps' results.
                    failed[step] = str(error)
        return report(loads, failed, load_before=load_before)


def report(loads: Mapping[Step, Load], failed: Mapping[Step, str], *, load_before: float) -> Result:
    """The results of the steps. failed: the errors of others. load_before: of the machine."""
    by_step = {step.label: load_figures(one) for step, one in loads.items()}
    unmet = {step.label: shortfall(one) for step, one in loads.items()} | {s.label: why for s, why in failed.items()}
    return Result(
        figures={
            "load_before": load_before,
            "runs": by_step,
            "carried": {label: not why for label, why in unmet.items()},
        },
        tables=[*tables(by_step), carried_table(unmet)],
        plots=[
            Plot(
                name="latency",
                draw=latency_plot({step.label: run.decisions for step, run in loads.items()}, aim=AIMED_P95),
                caption=LATENCY_CAPTION,
            ),
            Plot(
                name="rate",
                draw=rate_plot(loads),
                caption="How many pictures a second were looked at, a dot for each camera. Above the dotted line is "
                "enough; dots close together say that no camera goes short.",
            ),
        ],
        targets=targets(loads),
    )
