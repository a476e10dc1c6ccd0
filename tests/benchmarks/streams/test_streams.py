import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.harness.benchmark import Context
from benchmarks.harness.errors import MeasurementError
from benchmarks.harness.memory import Memory
from benchmarks.running.runner import TerminalProgress, run_benchmark
from benchmarks.streams.load import Load
from benchmarks.streams.step import Step
from benchmarks.streams.streams import StreamsBenchmark, report
from benchmarks.streams.streams_report import load_figures, tables
from benchmarks.streams.streams_targets import targets
from ingest.camera.health import CameraState, Health


def run(*, seconds: float = 600.0, analysed: int = 3000, decisions: tuple[float, ...] = (0.1, 0.2)) -> Load:
    return Load(
        seconds=seconds,
        before=[Health(camera_id=str(number), state=CameraState.LIVE) for number in range(8)],
        after=[
            Health(camera_id=str(number), state=CameraState.LIVE, analysed=analysed, frames=15000, dropped=12000)
            for number in range(8)
        ],
        decisions=decisions,
        stages={"detect": [0.01] * 3000},
        memory=[
            Memory(
                seconds=0.0,
                workers_rss=[1],
                workers_uss=[1],
                workers_pss=[1],
                service_rss=1,
                service_pss=1,
            )
        ],
        cpu_seconds=600.0,
        server_cpu_seconds=60.0,
    )


def met(one: Load) -> list[bool]:
    return [target.met for target in targets({Step(cameras=8, seconds=one.seconds): one})]


def test_targets_are_held_against_the_slowest_camera_and_the_latest_decision() -> None:
    assert met(run())[:2] == [True, True]
    assert met(run(analysed=2800))[:2] == [False, True]
    assert met(run(decisions=(0.1,) * 99 + (2.1,)))[:2] == [True, False]
    assert met(run(decisions=(0.5,) * 20))[:2] == [True, False]


def test_memory_that_was_looked_at_once_is_not_called_flat() -> None:
    assert met(run())[2] is False


def test_a_shorter_step_meets_no_target() -> None:
    assert met(run(seconds=60.0)) == []
    assert targets({Step(cameras=4, seconds=600.0): run()}) == []


@pytest.mark.parametrize(
    ("rates", "decisions", "good"),
    [
        ((60, 110), (0.9,) * 20, True),
        ((50, 110), (0.9,) * 20, False),
        ((60, 110), (1.1,) * 20, False),
        ((60, 110), (0.1,) * 99 + (2.1,), False),
    ],
)
def test_too_many_cameras_are_to_be_served_evenly_and_soon(
    rates: tuple[int, int], decisions: tuple[float, ...], good: bool
) -> None:
    one = run(seconds=60.0, decisions=decisions)
    after = [replace(health, analysed=count) for health, count in zip(one.after, rates, strict=False)]
    one = replace(one, before=one.before[:2], after=after)
    assert [target.met for target in targets({Step(cameras=16, seconds=60.0): one})] == [good]


def test_sixteen_with_a_substream_are_to_be_carried() -> None:
    step = Step(cameras=16, seconds=60.0, substream=True)
    assert [target.met for target in targets({step: run(seconds=60.0, analysed=300)})] == [True, True]
    slow = run(seconds=60.0, analysed=200, decisions=(0.5,) * 20)
    assert "service and workers took 10.00 cores" in targets({step: slow})[0].why_not
    assert [target.met for target in targets({step: slow})] == [False, False]


def test_what_breaks_takes_nothing_from_the_other_steps() -> None:
    steps = [Step(cameras=8, seconds=600.0), Step(cameras=16, seconds=60.0), Step(cameras=32, seconds=60.0)]
    loads = {steps[0]: run(), steps[1]: run(analysed=100, decisions=(0.5, 2.5))}
    found = report(loads, {steps[2]: "Not all were live."}, load_before=0.0)
    assert found.figures["carried"] == {"8": True, "16": False, "32": False}
    assert list(found.figures["runs"]) == ["8", "16"]
    assert found.tables[-1].rows == [
        ["8", "yes", ""],
        ["16", "no", "slowest camera 0.17 a second, p95 2400 ms, longest 2500 ms"],
        ["32", "no", "Not all were live."],
    ]


def test_a_step_that_cannot_be_measured_is_passed_over(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(matcher: object, films: Sequence[Path], *_: object, **__: object) -> Load:
        if len(films) == 2:
            raise MeasurementError("Too much.", remedy="Less.")
        return run(seconds=4.0)

    monkeypatch.setattr("benchmarks.streams.streams.load", broken)
    context = Context(quick=True, data=data_folder, out=tmp_path, progress=TerminalProgress(Console(file=StringIO())))
    assert StreamsBenchmark().run(context).figures["carried"] == {"1": True, "2 + substream": False}


def test_a_step_without_decisions_has_a_table_all_the_same() -> None:
    one = run(decisions=())
    figures = {"8": load_figures(one)}
    assert "–" in tables(figures)[0].rows[0]


@pytest.mark.timeout(300)
def test_the_quick_run_measures_each_step(data_folder: Path, tmp_path: Path) -> None:
    shown = StringIO()
    context = Context(quick=True, data=data_folder, out=tmp_path, progress=TerminalProgress(Console(file=StringIO())))
    run_benchmark(StreamsBenchmark(), context, Console(file=shown, width=160))
    runs = json.loads((tmp_path / "streams.json").read_text())["figures"]["runs"]
    assert list(runs) == ["1", "2 + substream"]
    for cameras, figures in runs.items():
        assert len(figures["analysed_a_second"]) == int(cameras[0])
        assert min(figures["analysed_a_second"]) > 0
        assert figures["stage_seconds"]["detect"]["count"] > 0
        assert figures["memory"]["worker"]["uss"] > 0
    assert (tmp_path / "streams-latency.png").is_file()
    assert (tmp_path / "streams-rate.png").is_file()
