"""What the rates of small faces are made of, and a quick run on a real photograph."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gate.crowd import QUICK_PEOPLE, CrowdBenchmark
from benchmarks.gate.crowd_sizes import NOBODY, QUICK_SIZES, Comparison
from benchmarks.gate.gate_probes import Probe
from benchmarks.gate.gate_report import OPERATING_POINTS
from benchmarks.harness.benchmark import Context
from benchmarks.harness.errors import DataMissingError
from benchmarks.running.runner import TerminalProgress
from matcher.recognition.face_model import FaceModel
from matcher.recognition.template import Template


def probe(person: int) -> Probe:
    random = np.random.default_rng(person)
    sface = random.normal(size=128).astype(np.float32)
    dlib = random.normal(size=128).astype(np.float32)
    return Probe(
        template=Template(
            model_digest=FaceModel().digest, vectors={"sface": sface / np.linalg.norm(sface), "dlib": dlib}
        )
    )


def test_pairs_of_one_person_are_no_false_matches_and_who_was_refused_is_in_no_pair() -> None:
    names = ("a", "b", "c", "d")
    comparison = Comparison(
        names=names,
        references=[probe(1), probe(2), probe(3), NOBODY],
        mates={"a": probe(1), "b": probe(7), "d": probe(4)},
    )
    size = comparison.at(8.0, [probe(1), probe(3), NOBODY, probe(4)])
    assert (size.people, size.searched, size.mated) == (4, 3, 3)
    assert size.non_mated == 3 * 3 - 2, "each with each reference, but for a and b with their own"
    for point in ("fmr-1e-3", "fmr-1e-5"):
        assert size.fmr[point][0] == pytest.approx(1 / 7), "b is taken for c"
        assert size.fnmr[point][0] == pytest.approx(1 / 3), "b is missed"
        assert size.fmr[point][1] <= size.fmr[point][0] <= size.fmr[point][2]
    assert size.target().met, "an interval that begins at 0 says nothing against it"
    raised = {point: (1.0, 2.1 * rate, 1.0) for point, rate in OPERATING_POINTS.items()}
    assert not dataclasses.replace(size, fmr=raised).target().met


def test_a_quick_run_finds_and_searches_for_a_crowd(data_folder: Path) -> None:
    result = CrowdBenchmark().run(Context(quick=True, data=data_folder, progress=TerminalProgress()))
    usual, smallest = result.figures["calls"]
    assert usual["searched"] < smallest["searched"] <= smallest["found"] == usual["found"]
    assert smallest["searched"] > 40
    assert smallest["requests"] == smallest["outcomes"] == smallest["searched"]
    assert smallest["milliseconds_a_face"] > 0
    assert [size["eye_distance"] for size in result.figures["sizes"]] == list(QUICK_SIZES)
    assert result.figures["sizes"][0]["searched"] == QUICK_PEOPLE
    assert {len(row) for table in result.tables for row in table.rows} == {
        len(table.columns) for table in result.tables
    }


def test_without_the_photograph_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"17\.jpg"):
        CrowdBenchmark().run(Context(quick=False, data=tmp_path, progress=TerminalProgress()))
