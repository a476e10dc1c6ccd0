"""Speed, latency, memory and load time of recognition, beside dlib's, face_recognition's and OpenCV's own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.datasets.lfw import Lfw
from benchmarks.harness.alternation import alternate, ratio
from benchmarks.harness.benchmark import Context, Plot, Progress, Result
from benchmarks.harness.spread import spread
from benchmarks.recognition.recognition_checks import Check, checks, found
from benchmarks.recognition.recognition_contestants import Contestants, Job, Material
from benchmarks.recognition.recognition_footprint import footprints
from benchmarks.recognition.recognition_pictures import compose
from benchmarks.recognition.recognition_report import plot, tables, targets
from matcher.recognition.image import decode_image
from matcher.recognition.networks.pipeline import load_recogniser

SEED = 3
THREADS = (1, 2)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """pictures: 1080p ones; every: 1 when all places in them are taken, 2 when every other is, and so on.

    rounds: turns of each contestant, of at least `seconds` each. times: fresh processes for each footprint.
    """

    pictures: int
    every: int
    rounds: int
    seconds: float
    times: int


QUICK = Plan(pictures=1, every=5, rounds=1, seconds=0.0, times=1)
FULL = Plan(pictures=8, every=1, rounds=15, seconds=0.05, times=5)


class RecognitionBenchmark:
    """See `benchmarks.harness.benchmark.Benchmark`."""

    name = "recognition"
    summary = (
        "Detection, alignment and both embedders beside dlib's, face_recognition's and OpenCV's own: speed, memory"
    )

    def run(self, context: Context) -> Result:
        """Composes, compares results, lets all take turns on one and on two threads, and loads each by itself."""
        plan = QUICK if context.quick else FULL
        lfw = Lfw(context.data)
        material = _material(lfw, plan, context.progress)
        equal: list[Check] = []
        seen: dict[str, Any] = {}
        races: list[dict[str, Any]] = []
        for threads in THREADS:
            contestants = Contestants(threads=threads)
            equal = equal or checks(contestants, material)
            seen = seen or found(contestants, material.pictures, context.progress)
            races += _races(contestants.jobs(material), threads, plan, context.progress)
        costs = footprints(material.photograph, context.progress, times=plan.times)
        figures = {
            "races": races,
            "checks": [asdict(check) | {"holds": check.holds} for check in equal],
            "found": seen,
            "footprints": costs,
        }
        return Result(
            figures=figures,
            tables=tables(figures),
            plots=[
                Plot(
                    name="speed",
                    draw=plot(races),
                    size=(9.0, 7.0),
                    caption="How many faces or pictures each way of doing it got through in a second. Longer is "
                    "better; each step of the axis is ten times the one before.",
                )
            ],
            targets=targets(figures),
        )


def _material(lfw: Lfw, plan: Plan, progress: Progress) -> Material:
    recogniser = load_recogniser(embedders=False)
    pictures = compose(lfw, recogniser, progress, count=plan.pictures, every=plan.every, seed=SEED)
    photograph = decode_image(lfw.view1_test()[0].left.read_bytes())
    return Material(pictures=pictures, faces=recogniser.detect([pictures[0].pixels])[0], photograph=photograph)


def _races(jobs: Sequence[Job], threads: int, plan: Plan, progress: Progress) -> list[dict[str, Any]]:
    turns = plan.rounds * sum(len(job.contestants) for job in jobs)
    races = []
    with progress.step(f"by turns, {threads} thread(s)", total=turns) as advance:
        for job in jobs:
            times = alternate(job.contestants, rounds=plan.rounds, seconds=plan.seconds, advance=advance)
            first = times[next(iter(times))]
            races.append(
                {
                    "job": job.name,
                    "threads": threads,
                    "faces": job.faces,
                    "contestants": {
                        name: {
                            "seconds": spread(seconds),
                            "a_second": job.faces / spread(seconds)["p50"],
                            "times_first": ratio(first, seconds),
                        }
                        for name, seconds in times.items()
                    },
                }
            )
    return races
