"""The figures of the `recognition` benchmark as people read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.harness.benchmark import Table, Target
from benchmarks.recognition.recognition_contestants import (
    BATCH,
    DETECTION,
    HOG,
    HOG_UPSAMPLED,
    LEAST_FACE,
    NETWORK,
    OURS,
    in_batches,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = Mapping[str, Any]

AIMED_RATIO = {1: 15.0, 2: 25.0}
"""By number of threads, the target ratio to dlib's own speed."""

AIMED_MILLISECONDS = 15.0


def tables(figures: Figures) -> list[Table]:
    """Speed; results compared; faces found; memory and load time."""
    return [
        _speed_table(figures["races"]),
        _checks_table(figures["checks"]),
        _found_table(figures["found"]),
        _footprint_table(figures["footprints"]),
    ]


def targets(figures: Figures) -> list[Target]:
    """Both embedding speeds, the equality of vectors and boxes, the time of a detection and what it finds."""
    return [
        *_speed_targets(figures["races"]),
        *_check_targets(figures["checks"]),
        _detection_target(figures["races"]),
        _found_target(figures["found"]),
    ]


def plot(races: Sequence[Figures]) -> "Callable[[Figure], None]":
    """Faces a second of every contestant on one thread and on two."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        rows = [(f"{race['job']}: {name}", race["threads"], one["a_second"]) for race, name, one in _each(races)]
        labels = list(dict.fromkeys(label for label, _, _ in rows))
        for place, threads in enumerate(dict.fromkeys(threads for _, threads, _ in rows)):
            speeds = [(labels.index(label) + 0.4 * place, speed) for label, used, speed in rows if used == threads]
            places, widths = zip(*speeds, strict=True)
            axes.barh(places, widths, 0.4, label=f"{threads} thread(s)")
        axes.set_yticks([place + 0.2 for place in range(len(labels))], labels, fontsize=7)
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="a second")
        axes.legend()

    return draw


def _each(races: Sequence[Figures]) -> Iterator[tuple[Figures, str, Figures]]:
    for race in races:
        for name, one in race["contestants"].items():
            yield race, name, one


def _speed_table(races: Sequence[Figures]) -> Table:
    return Table(
        title="By turns: milliseconds a face (a picture, for detection), how many a second, times as fast as the first",
        columns=("job", "threads", "by", "ms, median", "p95", "a second", "×"),
        rows=[
            [
                race["job"],
                str(race["threads"]),
                name,
                *(f"{one['seconds'][key] / race['faces'] * 1000:.2f}" for key in ("p50", "p95")),
                f"{one['a_second']:,.1f}",
                f"{one['times_first']:.1f}",
            ]
            for race, name, one in _each(races)
        ],
    )


def _checks_table(checks: Sequence[Figures]) -> Table:
    return Table(
        title="The same results",
        columns=("what", "compared", "greatest difference", "allowed"),
        rows=[
            [one["what"], str(one["of"]), f"{one['greatest']:.2g} {one['unit']}", f"{one['allowed']:g} {one['unit']}"]
            for one in checks
        ],
    )


def _found_table(found: Figures) -> Table:
    sizes = list(found["of"])
    return Table(
        title="Faces found in 1080p pictures, by their width in pixels between ear and ear; and what is none",
        columns=("detector", *sizes, "all", "beside"),
        rows=[
            [
                name,
                *(f"{one['found'][size]} of {found['of'][size]}" for size in sizes),
                f"{sum(one['found'].values())} of {sum(found['of'].values())}",
                str(one["beside"]),
            ]
            for name, one in found["detectors"].items()
        ],
    )


def _footprint_table(footprints: Figures) -> Table:
    return Table(
        title="In a fresh process: seconds to load and for the first face; MiB when ready, after work, at most",
        columns=("what", "load", "first face", "ready, RSS", "RSS", "PSS", "USS", "peak"),
        rows=[
            [
                kind,
                f"{one['load_seconds']:.2f} s",
                f"{one['first_seconds']:.2f} s",
                *(f"{one[key] / 2**20:.0f}" for key in ("loaded", "rss", "pss", "uss", "peak")),
            ]
            for kind, one in footprints.items()
        ],
    )


def _speed_targets(races: Sequence[Figures]) -> Iterator[Target]:
    for threads, aim in AIMED_RATIO.items():
        one = _race(races, in_batches(NETWORK, BATCH), threads)[OURS]
        yield Target(
            aim=f"dlib's network in batches ≥ {aim:.0f} × dlib's own speed on {threads} thread(s)",
            measured=f"{one['times_first']:.1f} ×, {one['a_second']:,.0f} faces a second",
            met=one["times_first"] >= aim,
        )


def _check_targets(checks: Sequence[Figures]) -> Iterator[Target]:
    for one in checks:
        yield Target(
            aim=f"{one['what']}: no further apart than {one['allowed']:g} {one['unit']}".rstrip(),
            measured=f"{one['greatest']:.2g} among {one['of']}",
            met=one["holds"],
        )


def _detection_target(races: Sequence[Figures]) -> Target:
    milliseconds = _race(races, DETECTION, 1)[OURS]["seconds"]["p50"] * 1000
    return Target(
        aim=f"detection in 1080p, faces from {LEAST_FACE:.0f} px between ear and ear: "
        f"≤ {AIMED_MILLISECONDS:.0f} ms of one core",
        measured=f"{milliseconds:.1f} ms",
        met=milliseconds <= AIMED_MILLISECONDS,
    )


def _found_target(found: Figures) -> Target:
    ours, *others = (found["detectors"][name]["found"] for name in (OURS, HOG, HOG_UPSAMPLED))
    return Target(
        aim=f"at least what dlib's HOG finds, at every width from {LEAST_FACE:.0f} px, upsampled or not",
        measured=", ".join(f"{sum(one.values())}" for one in (ours, *others)) + f" of {sum(found['of'].values())}",
        met=all(ours[size] >= other[size] for other in others for size in ours),
    )


def _race(races: Sequence[Figures], job: str, threads: int) -> Mapping[str, Any]:
    (race,) = [race for race in races if race["job"] == job and race["threads"] == threads]
    contestants: Mapping[str, Any] = race["contestants"]
    return contestants
