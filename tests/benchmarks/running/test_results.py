import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from benchmarks.harness.benchmark import Context, Plot, Result, Table, Target
from benchmarks.harness.errors import RecordError
from benchmarks.running.results import keep, render
from benchmarks.running.runner import TerminalProgress, run_benchmark


def draw(figure: Figure) -> None:
    figure.subplots()


class Scene:
    name = "scene"
    summary = "what is seen"

    def run(self, context: Context) -> Result:
        return Result(
            figures={"seen": 3},
            tables=[Table(title="Seen", columns=("what", "how many"), rows=[["a|b", "3"]])],
            plots=[Plot(name="line", draw=draw)],
            targets=[
                Target(aim="≥ 2", measured="3", met=True),
                Target(aim="≥ 9", measured="3", met=False, why_not="it was dark"),
            ],
        )


def record(folder: Path, *, quick: bool) -> Path:
    context = Context(quick=quick, data=folder, out=folder / "out", progress=TerminalProgress(Console(file=StringIO())))
    return run_benchmark(Scene(), context, Console(file=StringIO()))


def test_whole_runs_are_kept_and_shown_with_their_targets(tmp_path: Path) -> None:
    record(tmp_path, quick=False)
    assert keep(tmp_path / "out", tmp_path / "results") == ("scene",)
    page = render(tmp_path / "results")
    assert "## scene" in page
    assert "| a/b | 3 |" in page
    assert "| ≥ 2 | 3 | yes |  |" in page
    assert "| ≥ 9 | 3 | **no** | it was dark |" in page
    assert "(results/scene-line.png)" in page
    assert (tmp_path / "results" / "scene-line.png").is_file()


def test_quick_runs_are_not_kept(tmp_path: Path) -> None:
    record(tmp_path, quick=True)
    assert keep(tmp_path / "out", tmp_path / "results") == ()
    assert "##" not in render(tmp_path / "results")


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"benchmark": "scene"})])
def test_what_is_no_record_is_told(tmp_path: Path, content: Any) -> None:
    (tmp_path / "scene.json").write_text(content)
    with pytest.raises(RecordError, match=r"scene\.json"):
        keep(tmp_path, tmp_path / "results")
