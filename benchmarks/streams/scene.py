"""From packet to alert with ground truth: scenes, a real RTSP server, the whole system, one camera and four."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.lfw import Lfw
from benchmarks.harness.benchmark import Context, Plot, Progress, Result
from benchmarks.harness.latency_plot import LATENCY_CAPTION, latency_plot
from benchmarks.streams.recording import Run, stream
from benchmarks.streams.rehearsal_cast import Cast, Size, choose_cast
from benchmarks.streams.scene_report import run_figures, scene_figures, size_plot, tables
from benchmarks.streams.scoring import score
from ingest.rehearsal.film.scene import Scene, compose_scene
from matcher.matcher import Matcher
from matcher.settings import MatcherSettings

SEED = 20
CAMERAS = (1, 4)
AIMED_P95 = 0.5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The extent of the measurement. scenes: different films; four cameras share them."""

    size: Size
    scenes: int
    seconds: float


QUICK = Plan(size=Size(walkers=6, others=14, strangers=8), scenes=1, seconds=24.0)
FULL = Plan(size=Size(walkers=20, others=180, strangers=30), scenes=4, seconds=90.0)


class SceneBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "scene"
    summary = "LFW people walking through 1080p25 scenes, over RTSP, to alerts: who is found, named, and how soon"

    def run(self, context: Context) -> Result:
        """Enrols, composes, streams to one camera and to four, and scores both."""
        plan = QUICK if context.quick else FULL
        lfw = Lfw(context.data)
        load_before = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="clearglass-scene-") as folder:
            with Matcher.open(MatcherSettings(folder=Path(folder, "data"))) as matcher:
                cast = choose_cast(lfw, matcher, plan.size, context.progress, seed=SEED)
                scenes = compose(
                    Path(folder), cast, context.progress, scenes=plan.scenes, seconds=plan.seconds, seed=SEED
                )
                runs = {count: _stream(matcher, scenes, count, context.progress) for count in CAMERAS}
                point = matcher.identifier.operating_point.record()
                composed = [scene_figures(scene) for scene in scenes]
            scores = {
                count: [
                    score(scene, one, cast.names)
                    for scene, one in zip(_played(scenes, count), run.recordings, strict=True)
                ]
                for count, run in runs.items()
            }
        by_cameras = {str(count): run_figures(runs[count], scores[count]) for count in CAMERAS}
        figures = {
            "operating_point": point,
            "gallery": {"subjects": len(cast.names), "references": cast.references, "not_enrolled": cast.not_enrolled},
            "scenes": composed,
            "load_before": load_before,
            "runs": by_cameras,
        }
        return Result(
            figures=figures,
            tables=tables(by_cameras),
            plots=[
                Plot(
                    name="latency",
                    draw=latency_plot({str(count): run.decisions for count, run in runs.items()}, aim=AIMED_P95),
                    caption=LATENCY_CAPTION,
                ),
                Plot(
                    name="size",
                    draw=size_plot(scores),
                    caption="Of those who walked by, how many faces were found, and how many enrolled people were "
                    "named, by how large their faces were. n: how many walked by.",
                ),
            ],
        )


def compose(folder: Path, cast: Cast, progress: Progress, *, scenes: int, seconds: float, seed: int) -> list[Scene]:
    """This number of scenes, each with all people in an order of its own."""
    composed = []
    with progress.step("composing", total=scenes * seconds * 25) as advance:
        for number in range(scenes):
            scene = compose_scene(
                folder / f"scene-{number}.mp4",
                people=cast.people,
                strangers=cast.strangers,
                seconds=seconds,
                seed=seed + number,
                stamped=True,
                progress=lambda _done, _total: advance(1),
            )
            composed.append(scene)
    return composed


def _played(scenes: Sequence[Scene], count: int) -> list[Scene]:
    return [scenes[number % len(scenes)] for number in range(count)]


def _stream(matcher: Matcher, scenes: Sequence[Scene], count: int, progress: Progress) -> Run:
    films = [scene.path for scene in _played(scenes, count)]
    return stream(matcher, films, scenes[0].seconds, progress, label=f"scene-{count}")
