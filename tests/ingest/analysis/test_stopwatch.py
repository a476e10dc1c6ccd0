"""Laps are the times between them, and are handed over once."""

from ingest.analysis.stopwatch import Stopwatch


def stopwatch(*moments: float) -> Stopwatch:
    """One whose clock shows these moments, one after the other."""
    shown = iter(moments)
    return Stopwatch(now=lambda: next(shown))


def test_each_stage_lasts_from_the_lap_before() -> None:
    laps = stopwatch(1.0, 10.0, 10.5, 12.0, 12.25)
    laps.start()
    for stage in ("detect", "assess", "detect"):
        laps.lap(stage)
    assert laps.handed_over() == {"detect": [0.5, 0.25], "assess": [1.5]}


def test_times_are_handed_over_once() -> None:
    laps = stopwatch(1.0, 2.0)
    laps.lap("view")
    laps.add("identify", 0.25)
    assert laps.handed_over() == {"view": [1.0], "identify": [0.25]}
    assert laps.handed_over() == {}
