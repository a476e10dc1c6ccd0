import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.recognition.recognition_checks import Check
from benchmarks.recognition.recognition_contestants import OURS
from benchmarks.recognition.recognition_footprint import KINDS


def test_a_check_of_nothing_does_not_hold() -> None:
    assert Check(what="vectors", of=3, greatest=1e-6, allowed=1e-5).holds
    assert not Check(what="vectors", of=3, greatest=2e-5, allowed=1e-5).holds
    assert not Check(what="vectors", of=0, greatest=0.0, allowed=1e-5).holds


Record = dict[str, Any]
"""What the benchmark wrote, from its JSON."""


@pytest.fixture(scope="module")
def record(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("recognition")
    assert main(["recognition", "--quick", "--data", str(data_folder), "--out", str(folder)]) == 0
    assert (folder / "recognition-speed.png").is_file()
    found: Record = json.loads((folder / "recognition.json").read_text())
    return found


def test_every_job_is_raced_on_one_thread_and_on_two(record: Record) -> None:
    races = record["figures"]["races"]
    jobs = [(race["job"], race["threads"]) for race in races]
    assert len(set(jobs)) == len(jobs)
    assert {job for job, threads in jobs if threads == 1} == {job for job, threads in jobs if threads == 2}
    assert all(OURS in race["contestants"] for race in races)
    assert all(one["a_second"] > 0 for race in races for one in race["contestants"].values())


def test_what_must_be_equal_is(record: Record) -> None:
    checks = record["figures"]["checks"]
    assert len(checks) == 5
    assert all(check["holds"] for check in checks)


def test_faces_are_counted_by_size_for_each_detector(record: Record) -> None:
    found = record["figures"]["found"]
    assert list(found["of"]) == ["40", "48", "64", "96", "140"]
    for one in found["detectors"].values():
        assert all(one["found"][size] <= of for size, of in found["of"].items())
        assert np.sum(list(one["found"].values())) > 0
        assert one["beside"] >= 0


def test_a_footprint_is_of_a_process_of_its_own(record: Record) -> None:
    costs = record["figures"]["footprints"]
    assert set(costs) == set(KINDS)
    whole = costs["Clearglass: the whole recogniser"]
    assert 0 < whole["uss"] <= whole["pss"] <= whole["rss"] <= whole["peak"]
    assert costs["Clearglass: detector alone"]["rss"] < whole["rss"]
    assert all(cost["load_seconds"] > 0 for cost in costs.values())
