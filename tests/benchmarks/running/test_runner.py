import csv
import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from benchmarks.__main__ import main
from benchmarks.harness.benchmark import Benchmark, Context, Plot, Result, Table, Target
from benchmarks.harness.errors import DataMissingError, UnknownBenchmarkError
from benchmarks.harness.plot_file import save_plot
from benchmarks.harness.table_file import csv_name
from benchmarks.running.catalogue import load, names
from benchmarks.running.runner import TerminalProgress, run_benchmark

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Counting:
    name = "counting"
    summary = "counts to three"

    def run(self, context: Context) -> Result:
        with context.progress.step("outer") as outer, context.progress.step("inner", total=3) as advance:
            for _ in range(3):
                advance(1)
            outer(1)
        with context.progress.step("after", total=1) as advance:
            advance(1)
        return Result(
            figures={"counted": 3, "quick": context.quick},
            tables=[Table(title="Counts", columns=("what", "how many"), rows=[["sheep", "3"]])],
            plots=[Plot(name="line", draw=line, caption="A line.")],
            targets=[Target(aim="two, or more", measured="3", met=True)],
        )


def line(figure: "Figure") -> None:
    figure.subplots().plot([1, 2, 3])


def context(folder: Path) -> Context:
    progress = TerminalProgress(Console(file=StringIO()))
    return Context(quick=True, data=folder / "data", out=folder / "new" / "out", progress=progress)


def test_a_run_leaves_its_record(tmp_path: Path) -> None:
    shown = StringIO()
    record = run_benchmark(Counting(), context(tmp_path), Console(file=shown, width=100))
    assert record == tmp_path / "new" / "out" / "counting.json"
    written = json.loads(record.read_text())
    assert written["benchmark"] == "counting"
    assert written["figures"] == {"counted": 3, "quick": True}
    assert written["quick"] is True
    assert written["machine"]["cores"] >= 1
    assert written["machine"]["libraries"]["numpy"]
    assert written["seconds"] >= 0
    assert written["models"].keys() == {"clearglass"}
    assert written["captions"] == {"counting-line.png": "A line."}
    assert (record.parent / "counting-line.png").read_bytes().startswith(b"\x89PNG")
    assert "sheep" in shown.getvalue()
    assert "counting.json" in shown.getvalue()


def test_every_table_is_left_as_csv_and_none_of_an_earlier_run(tmp_path: Path) -> None:
    old = tmp_path / "new" / "out" / "counting-tables" / "03-old.csv"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    run_benchmark(Counting(), context(tmp_path), Console(file=StringIO()))
    tables = {path.name: path for path in old.parent.iterdir()}
    assert set(tables) == {"01-counts.csv", "02-targets.csv"}
    with tables["01-counts.csv"].open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["what", "how many"], ["sheep", "3"]]
    with tables["02-targets.csv"].open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == ["two, or more", "3", "yes", ""]


def test_names_of_csv_files_are_plain_and_unique() -> None:
    assert csv_name(1, "FNMR at ≥ 90 %: Größe / été") == "01-fnmr-at-90-groe-ete.csv"
    assert csv_name(2, "…") == "02-table.csv"
    assert csv_name(1, "same " * 60) != csv_name(2, "same " * 60)
    assert len(csv_name(1, "same " * 60)) < 100


def test_a_plot_is_saved_twice_with_the_same_bytes_every_time(tmp_path: Path) -> None:
    saved = []
    for name in ("one", "other"):
        save_plot(Plot(name="line", draw=line), tmp_path / f"{name}.png")
        saved.append([(tmp_path / f"{name}{ending}").read_bytes() for ending in (".png", ".svg")])
    assert saved[0] == saved[1]
    assert b"<svg" in saved[0][1]


@pytest.mark.slow
def test_a_crowded_plot_stays_small_as_svg(tmp_path: Path) -> None:
    def crowd(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.scatter(range(20_000), [x * 7919 % 20_011 for x in range(20_000)])
        axes.plot([x * 7919 % 20_011 for x in range(20_000)])

    save_plot(Plot(name="crowd", draw=crowd), tmp_path / "crowd.png")
    assert (tmp_path / "crowd.svg").stat().st_size < 400_000


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path: Path) -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    save_plot(Plot(name="line", draw=line), tmp_path / "line.png")
    assert dict(rcParams) == before


def test_a_figure_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    class Broken(Counting):
        def run(self, context: Context) -> Result:
            return Result(figures={"rate": float("nan")})

    with pytest.raises(ValueError, match="JSON"):
        run_benchmark(Broken(), context(tmp_path), Console(file=StringIO()))


@pytest.mark.parametrize("name", names())
def test_every_benchmark_says_what_it_is(name: str) -> None:
    benchmark: Benchmark = load(name)
    assert benchmark.name == name
    assert benchmark.summary
    assert "\n" not in benchmark.summary


NEED_NO_DATA = {"audit-cost", "commands", "lists", "live-month", "relay", "start-up", "walks"}


@pytest.mark.parametrize("name", sorted(set(names()) - NEED_NO_DATA))
def test_without_its_data_it_says_so(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--quick", "--out", str(tmp_path / "out"), "--data", str(tmp_path)]) == 1
    assert "CLEARGLASS_DATA" in capsys.readouterr().err


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in names())


def test_an_unknown_name_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 1
    shown = capsys.readouterr().err
    assert "nonsense" in shown
    assert "scene" in shown
    with pytest.raises(UnknownBenchmarkError):
        load("nonsense")


def test_the_data_set_is_counted_as_its_readme_says(data_folder: Path, tmp_path: Path) -> None:
    from benchmarks.datasets.lfw import Lfw

    lfw = Lfw(data_folder)
    people = lfw.people()
    assert len(people) == 5749
    assert sum(map(len, people.values())) == 13233
    for pairs, count, folds in ((lfw.view1_train(), 2200, 1), (lfw.view1_test(), 1000, 1), (lfw.view2(), 6000, 10)):
        assert len(pairs) == count
        assert sum(pair.mated for pair in pairs) == count // 2
        assert all((pair.left.parent == pair.right.parent) == pair.mated for pair in pairs)
        assert {pair.fold for pair in pairs} == set(range(folds))
        assert all(sum(p.mated for p in pairs if p.fold == fold) == count // folds // 2 for fold in range(folds))
        assert all(pair.left.is_file() and pair.right.is_file() for pair in pairs)
    with pytest.raises(DataMissingError):
        Lfw(tmp_path)
