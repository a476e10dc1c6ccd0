import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import recompute
from benchmarks.accuracy import verification
from benchmarks.accuracy.all_pairs import AllPairsBenchmark
from benchmarks.accuracy.identification import IdentificationBenchmark
from benchmarks.accuracy.verification import VerificationBenchmark
from benchmarks.harness.benchmark import Context
from benchmarks.harness.errors import MeasurementError
from benchmarks.running.runner import run_benchmark
from tests.benchmarks.datasets.copies import COPIES
from tests.matcher.recognition.coarse_model import write_list


@pytest.fixture
def people(data_folder: Path, tmp_path: Path) -> Path:
    """Two people with four pictures each, and six with one."""
    root = tmp_path / "people"
    for name in ("lisa", "zoom"):
        shutil.copytree(data_folder / "portraits" / name, root / name)
    for picture in sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[:6]:
        (root / picture.stem).mkdir()
        shutil.copy(picture, root / picture.stem)
    (root / "labels.csv").write_text("picture_or_person,group\nlisa,a\nzoom,b\n")
    return root


def test_a_folder_of_people_is_measured_with_a_model_of_ones_own(
    context: Context, people: Path, tmp_path: Path
) -> None:
    own = dataclasses.replace(context, quick=False, root=people, models=write_list(tmp_path))
    record = json.loads(run_benchmark(VerificationBenchmark("folder"), own, Console(quiet=True)).read_text())
    figures = record["figures"]
    assert {one["recogniser"] for one in figures["recognisers"]} == {"fusion", "sface", "dlib", "coarse"}
    assert figures["mated"] == 12
    assert figures["failures_to_acquire"]["count"] == 0
    best = {one["recogniser"]: one["accuracy"] for one in figures["recognisers"]}
    assert best["fusion"] == 1.0
    # Twelve pairs of different people bear no rate of one in a hundred, and so no threshold to hold groups against.
    assert figures["non_mated"] == 12
    assert figures["groups"] == []
    assert (own.out / "folder" / "scores.csv").is_file()


def test_a_set_of_labels_only_is_refused(context: Context, tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "25_0_1_20170109.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(MeasurementError, match="no mated trials"):
        VerificationBenchmark("utkface").run(dataclasses.replace(context, root=tmp_path / "faces"))


@pytest.fixture
def measured(context: Context, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Runs all three benchmarks on few real pairs; gives the folder of their records."""

    def run() -> Path:
        monkeypatch.setattr(verification, "QUICK_TRIALS", 60)
        few = dataclasses.replace(context, data=data_folder)
        monkeypatch.setattr("benchmarks.accuracy.all_pairs.QUICK_TRIALS", 60)
        monkeypatch.setattr("benchmarks.accuracy.identification.QUICK_PEOPLE", 80)
        for benchmark in (VerificationBenchmark("lfw"), AllPairsBenchmark(), IdentificationBenchmark()):
            run_benchmark(benchmark, few, Console(quiet=True))
        return few.out

    return run


def test_a_script_of_its_own_finds_the_same_figures(measured: Callable[[], Path]) -> None:
    folder = measured()
    command = [sys.executable, recompute.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fusion accuracy" in done.stdout
    assert "fmr-1e-4, chosen on view 1" in done.stdout
    assert "fusion FNIR at 0.1" in done.stdout
    record = json.loads((folder / "lfw.json").read_text())
    right = record["figures"]["recognisers"][0]["accuracy"]
    for wrong in (right + 1e-11, float("nan")):
        record["figures"]["recognisers"][0]["accuracy"] = wrong
        (folder / "lfw.json").write_text(json.dumps(record))
        assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 1


def test_identification_finds_them_among_distractors(
    context: Context, data_folder: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.accuracy.identification.QUICK_PEOPLE", 25)
    alone = dataclasses.replace(context, data=data_folder)
    one = IdentificationBenchmark().run(alone)
    other = IdentificationBenchmark().run(dataclasses.replace(alone, distractors=people))
    first, second = one.figures["searches"], other.figures["searches"]
    assert [each["mated"] for each in first] == [each["mated"] for each in second] != [0]
    assert (one.figures["distractors"], other.figures["distractors"]) == (0, 14)
    for before, after in zip(first, second, strict=True):
        assert after["rank"][1] <= before["rank"][1]
    with (alone.out / "identification" / "searches.csv").open() as file:
        among = file.read()
    IdentificationBenchmark().run(alone)
    # Nobody is farther from the nearest stranger with more strangers about, and somebody is nearer.
    nearest = [
        [float(row.split(",")[-2]) for row in told.splitlines()[1:]]
        for told in (among, (alone.out / "identification" / "searches.csv").read_text())
    ]
    assert all(more <= few + 1e-4 for more, few in zip(*nearest, strict=True))
    assert any(more < few - 1e-3 for more, few in zip(*nearest, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "searches"), [("cfp-fp", 0), ("ijb-c", 2)])
def test_a_set_that_says_where_its_faces_are_is_measured_by_its_whole_protocol(
    context: Context, tmp_path: Path, name: str, searches: int
) -> None:
    COPIES[name](tmp_path / name)
    record = json.loads(
        run_benchmark(
            VerificationBenchmark(name),
            dataclasses.replace(context, quick=False, root=tmp_path / name),
            Console(quiet=True),
        ).read_text()
    )
    figures = record["figures"]
    assert figures["failures_to_acquire"]["count"] == 0  # of noise: nobody looks for a face where landmarks are given
    found = figures.get("identification", {}).get("searches", [])
    assert len({one["search"] for one in found}) == searches
    assert all(one["mated"] + one["non_mated"] == 3 for one in found)
