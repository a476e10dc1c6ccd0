"""The figures, tables and plots of the `scene` benchmark."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness.benchmark import Table
from benchmarks.harness.spread import spread
from benchmarks.streams.recording import Run
from benchmarks.streams.scoring import Outcome, Score
from ingest.rehearsal.film.choreography import Distance
from ingest.rehearsal.film.scene import Scene
from matcher.evaluation.interval import wilson

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scene_figures(scene: Scene) -> dict[str, Any]:
    """What was composed."""
    return {
        "width": scene.width,
        "height": scene.height,
        "fps": scene.fps,
        "seconds": scene.seconds,
        "bits_a_second": scene.path.stat().st_size * 8 / scene.seconds,
        "passages": len(scene.passages),
        "mated": sum(passage.person is not None for passage in scene.passages),
    }


def run_figures(run: Run, scores: Sequence[Score]) -> dict[str, Any]:
    """Everything about one run; scores: one a camera."""
    outcomes = [outcome for one in scores for outcome in one.outcomes]
    healths = [(one.before, one.after) for one in run.recordings]
    analysed = [after.analysed - before.analysed for before, after in healths]
    return {
        "seconds": run.seconds,
        "people": _people(outcomes) | {"alerts_that_fit_nobody": sum(one.unplaced for one in scores)},
        "by_distance": {
            distance.value: _people([one for one in outcomes if one.passage.distance is distance])
            for distance in Distance
        },
        "searches": dict(run.outcomes),
        "decision_seconds": spread(run.decisions),
        "stage_seconds": {stage: spread(times) for stage, times in sorted(run.stages.items())},
        "late_seconds": spread([lag for one in scores for lag in one.lags]),
        "frames": [after.frames - before.frames for before, after in healths],
        "analysed": analysed,
        "analysed_a_second": [count / run.seconds for count in analysed],
        "dropped": [after.dropped - before.dropped for before, after in healths],
        "reconnects": [after.reconnects - before.reconnects for before, after in healths],
        "restarts": [after.restarts - before.restarts for before, after in healths],
        "cores": run.cpu_seconds / run.seconds,
        "rtsp_server_cores": run.server_cpu_seconds / run.seconds,
        "passages": [_passage_figures(outcome) for outcome in outcomes],
    }


def _people(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    mated = [one for one in outcomes if one.passage.person is not None]
    strangers = [one for one in outcomes if one.passage.person is None]
    return {
        "found": _rate(sum(one.boxed > 0 for one in outcomes), len(outcomes)),
        "mated_identified": _rate(sum(one.identified for one in mated), len(mated)),
        "mated_misnamed": _rate(sum(one.misnamed for one in mated), len(mated)),
        "strangers_raised": _rate(sum(one.misnamed for one in strangers), len(strangers)),
    }


def _rate(count: int, total: int) -> dict[str, Any]:
    low, high = wilson(count, total) if total else (None, None)
    return {"count": count, "of": total, "rate": count / total if total else None, "low": low, "high": high}


def _passage_figures(outcome: Outcome) -> dict[str, Any]:
    """Without names: LFW's people were never asked."""
    return {
        "mated": outcome.passage.person is not None,
        "distance": outcome.passage.distance.value,
        "eye_distance": outcome.eye_distance,
        "boxed": outcome.boxed,
        "identified": outcome.identified,
        "misnamed": outcome.misnamed,
    }


def _counted(rate: Mapping[str, Any]) -> str:
    if not rate["of"]:
        return "none"
    return f"{rate['count']} of {rate['of']} ({rate['low']:.0%}–{rate['high']:.0%})"


def tables(runs: Mapping[str, Any]) -> list[Table]:
    """What the terminal shows. runs: the figures of each run by its number of cameras."""
    return [_people_table(runs), _distance_table(runs), _speed_table(runs)]


def _people_table(runs: Mapping[str, Any]) -> Table:
    return Table(
        title="Passages, with 95 % intervals",
        columns=("cameras", "found", "mated identified", "mated misnamed", "strangers raised", "alerts for nobody"),
        rows=[
            [
                count,
                *(_counted(run["people"][key]) for key in ("found", "mated_identified", "mated_misnamed")),
                _counted(run["people"]["strangers_raised"]),
                str(run["people"]["alerts_that_fit_nobody"]),
            ]
            for count, run in runs.items()
        ],
    )


def _distance_table(runs: Mapping[str, Any]) -> Table:
    return Table(
        title="By size: near is 48–84 pixels between the eyes, middle 26–46, far 14–24",
        columns=("cameras, size", "found", "mated identified", "strangers raised"),
        rows=[
            [
                f"{count}, {distance}",
                *(_counted(people[key]) for key in ("found", "mated_identified", "strangers_raised")),
            ]
            for count, run in runs.items()
            for distance, people in run["by_distance"].items()
        ],
    )


def _speed_table(runs: Mapping[str, Any]) -> Table:
    return Table(
        title="Capture to decision; all cameras' frames; frames analysed a second by the slowest; CPU cores",
        columns=("cameras", "p50", "p95", "max", "late p95", "frames", "analysed", "fps", "dropped", "cores"),
        rows=[[count, *_speed(run)] for count, run in runs.items()],
    )


def _speed(run: Mapping[str, Any]) -> Iterator[str]:
    decisions = run["decision_seconds"]
    for key in ("p50", "p95", "max"):
        yield f"{decisions[key] * 1000:.0f} ms" if key in decisions else "–"
    late = run["late_seconds"]
    yield f"{late['p95'] * 1000:.0f} ms" if "p95" in late else "–"
    yield str(sum(run["frames"]))
    yield str(sum(run["analysed"]))
    yield f"{min(run['analysed_a_second']):.2f}"
    yield str(sum(run["dropped"]))
    yield f"{run['cores']:.2f}"


def size_plot(scores: Mapping[int, Sequence[Score]]) -> "Callable[[Figure], None]":
    """Found and identified by size, of the run with the most cameras."""
    edges = (0, 12, 16, 20, 26, 36, 50, 100)

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        outcomes = [outcome for one in scores[max(scores)] for outcome in one.outcomes]
        groups = [[one for one in outcomes if low <= one.eye_distance < high] for low, high in pairwise(edges)]
        labels = [f"{low}–{high}\nn={len(group)}" for (low, high), group in zip(pairwise(edges), groups, strict=True)]
        places = np.arange(len(groups))
        mated = [[one for one in group if one.passage.person is not None] for group in groups]
        axes.bar(places - 0.2, [_share([o.boxed > 0 for o in group]) for group in groups], 0.4, label="found")
        axes.bar(
            places + 0.2, [_share([o.identified for o in group]) for group in mated], 0.4, label="mated identified"
        )
        axes.set_xticks(places, labels)
        axes.set(xlabel="greatest distance between the eyes, pixels", ylabel="share of passages", ylim=(0, 1.02))
        axes.legend(loc="upper left")

    return draw


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
