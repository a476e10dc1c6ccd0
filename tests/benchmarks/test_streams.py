import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.benchmark import Context
from benchmarks.load import Load
from benchmarks.memory import Memory
from benchmarks.runner import TerminalProgress, run_benchmark
from benchmarks.streams import StreamsBenchmark
from benchmarks.streams_report import load_figures, tables, targets
from ingest.health import CameraState, Health


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
    return [target.met for target in targets({8: one})]


def test_targets_are_held_against_the_slowest_camera_and_the_latest_decision() -> None:
    assert met(run())[:2] == [True, True]
    assert met(run(analysed=2800))[:2] == [False, True]
    assert met(run(decisions=(0.1,) * 99 + (2.1,)))[:2] == [True, False]
    assert met(run(decisions=(0.5,) * 20))[:2] == [True, False]


def test_memory_that_was_looked_at_once_is_not_called_flat() -> None:
    assert met(run())[2] is False


def test_a_shorter_step_meets_no_target() -> None:
    assert targets({8: run(seconds=60.0)}) == []
    assert targets({4: run()}) == []


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
    assert list(runs) == ["1", "2"]
    for count, figures in runs.items():
        assert len(figures["analysed_a_second"]) == int(count)
        assert min(figures["analysed_a_second"]) > 0
        assert figures["stage_seconds"]["detect"]["count"] > 0
        assert figures["memory"]["worker"]["uss"] > 0
    assert (tmp_path / "streams-latency.png").is_file()
    assert (tmp_path / "streams-rate.png").is_file()
