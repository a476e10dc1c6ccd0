import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.scores import Provenance, ScoreFileError, Scores, read_scores


def scores(apart: list[float], *, names: tuple[str, str] = ("a/1", 'b, "c"/2')) -> Scores:
    n = len(apart)
    return Scores(
        fold=np.arange(n) % 3,
        probe=(names[0],) * n,
        reference=(names[1],) * n,
        mated=np.arange(n) % 2 == 0,
        dissimilarity={"fusion": np.array(apart), "dlib": np.array(apart) * 2},
        provenance=Provenance(
            dataset="made up",
            measured_on="2026-11-27",
            digests={"fusion": "0" * 64, "dlib": "1" * 64},
            weights={"sface": 1.0, "dlib": 0.5},
            samples=2,
            failed=(),
        ),
    )


@given(st.lists(st.one_of(st.floats(0, 4), st.just(math.inf)), min_size=1, max_size=20))
def test_what_is_written_is_read_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, apart: list[float]):
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    written = scores(apart)
    written.write(path)
    read = read_scores(path)
    assert (read.probe, read.reference, read.provenance) == (written.probe, written.reference, written.provenance)
    for name in written.dissimilarity:
        assert read.dissimilarity[name].tobytes() == written.dissimilarity[name].tobytes()
    assert read.mated.tolist() == written.mated.tolist()
    assert read.fold.tolist() == written.fold.tolist()
    mated, non_mated = read.of("dlib")
    assert sorted([*mated, *non_mated]) == sorted(read.dissimilarity["dlib"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,a,b,1,0.1,0.2", "Line 3"),
        ("0,a,b,2,0.1,0.2", "Line 3"),
        ("0,a,b,1,0.1", "Line 3"),
        ("0,a,b,1,nan,0.2", "Line 3"),
        ("0,a,b,1,-1,0.2", "Line 3"),
        ("0,a,b,1,near,0.2", "Line 3"),
    ],
)
def test_a_line_that_is_no_comparison_is_named(tmp_path: Path, line: str, said: str):
    path = tmp_path / "scores.csv"
    scores([0.5]).write(path)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ScoreFileError, match=said):
        read_scores(path)


def test_what_is_no_score_file_is_refused(tmp_path: Path):
    path = tmp_path / "scores.csv"
    with pytest.raises(ScoreFileError, match=r"scores\.json"):
        read_scores(path)
    scores([0.5]).write(path)
    path.write_text("fold,probe,reference,mated\n")
    with pytest.raises(ScoreFileError, match="does not begin"):
        read_scores(path)
    path.write_text("fold,probe,reference,mated,fusion,dlib\n")
    with pytest.raises(ScoreFileError, match="no comparisons"):
        read_scores(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ScoreFileError):
        read_scores(path)
    scores([0.5]).write(path)
    with pytest.raises(ScoreFileError, match="fusion, dlib"):
        read_scores(path).of("arcface")
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(ScoreFileError, match="missing or malformed"):
        read_scores(path)


def test_a_file_of_before_there_were_other_fusions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    scores([0.5]).write(path)
    beside = path.with_suffix(".json")
    document = json.loads(beside.read_text())
    beside.write_text(json.dumps({**document, "dlib_weight": document.pop("weights")["dlib"]}))
    assert read_scores(path).provenance == scores([0.5]).provenance
