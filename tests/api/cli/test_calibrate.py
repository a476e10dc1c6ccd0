"""From a file of scores to a threshold that searches are decided by."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.evaluation.scores import Provenance, Scores
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import load_operating_points, load_site_points
from matcher.recognition.registry import DEFAULT_FUSION


def made(*, digest: str | None = None, weights: Mapping[str, float] = DEFAULT_FUSION.weights) -> Scores:
    """20,000 non-mated and 200 mated comparisons of made-up people."""
    random = np.random.default_rng(1)
    mated = np.arange(20_200) < 200
    one = random.integers(0, 50, len(mated))
    other = np.where(mated, one, (one + random.integers(1, 50, len(mated))) % 50)
    apart = np.where(mated, random.normal(0.4, 0.1, len(mated)), random.normal(1.2, 0.1, len(mated))).clip(0)
    apart[:4] = math.inf
    return Scores(
        fold=np.zeros(len(mated), np.int64),
        probe=tuple(f"person {who}/a" for who in one),
        reference=tuple(f"person {who}/b" for who in other),
        mated=mated,
        dissimilarity={"fusion": apart, "dlib": apart * 0.5},
        provenance=Provenance(
            dataset="Lobby, [spring]",
            measured_on="2026-11-27",
            digests={"fusion": digest or FaceModel().digest, "dlib": FaceModel().digest},
            weights=weights,
            samples=100,
            failed=(),
        ),
    )


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    made().write(path)
    return path


@pytest.mark.slow
def test_scores_become_a_threshold_that_searches_are_decided_by(
    run: Any, told: Any, scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    status, out, err = run("calibrate", scores, "--name", "lobby", "--fmr", "1e-3", "--data", data)
    assert status == 0, err
    point = load_operating_points(data)["lobby"]
    assert f"threshold {point.threshold:.4f}" in out
    assert "20,000 non-mated pairs" in out and "200 mated pairs" in out
    assert "Lobby, [spring], 2026-11-27" in out and FaceModel().digest[:16] in out
    assert "resamples of the people" in out
    assert "CLEARGLASS_OPERATING_POINT=lobby" in out
    findings = {one["what"]: one for one in json.loads(run("doctor", "--data", data, "--port", 0, "--json")[1])}
    assert findings["data folder"]["well"], "it was calibrated before its first start"
    assert str(data) in out.replace("\n", "")
    monkeypatch.setenv("CLEARGLASS_OPERATING_POINT", "lobby")
    told("camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", data)
    [start] = told("audit", "show", "--kind", "start", "--data", data)
    assert start["body"]["operating_point"] == {"name": "lobby", "threshold": point.threshold}
    assert [one["name"] for one in told("thresholds", "--data", data) if one["chosen"]] == ["lobby"]


@pytest.mark.slow
def test_a_scale_is_measured_if_asked_for(run: Any, told: Any, scores: Path, tmp_path: Path) -> None:
    found = told("calibrate", scores, "--name", "lobby", "--fmr", "1e-3", "--data", tmp_path / "data")
    assert (found["name"], found["non_mated"], found["scale"]) == ("lobby", 20_000, None)
    found = told("calibrate", scores, "--name", "yard", "--fmr", "1e-2", "--scale", "--data", tmp_path / "data")
    scale = load_site_points(tmp_path / "data").scale
    assert scale is not None
    assert found["scale"]["dataset"] == scale.dataset == "Lobby, [spring]"
    assert scale.stands_for(found["threshold"]).fmr == pytest.approx(found["fmr"], rel=0.1)


@pytest.mark.slow
def test_scores_of_another_fusion_make_no_scale(run: Any, told: Any, scores: Path, tmp_path: Path) -> None:
    made(weights={"sface": 1.0, "dlib": 0.6}).write(scores)
    command = ("calibrate", scores, "--name", "lobby", "--fmr", "1e-3", "--data", tmp_path / "data")
    status, out, _ = run(*command, "--scale", "--json")
    assert status == 1
    error = json.loads(out)["error"]
    assert (error["code"], "0.6" in error["message"]) == ("calibration", True)
    assert not (tmp_path / "data").exists()
    assert told(*command)["caveat"]["code"] == "operating_point_other_model"


@pytest.mark.parametrize("changed", [{"measured_on": "spring"}, {"dataset": 5}, {"weights": {"sface": "half"}}])
def test_what_scores_tell_of_themselves_is_checked(
    run: Any, scores: Path, tmp_path: Path, changed: dict[str, object]
) -> None:
    beside = scores.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changed))
    status, out, _ = run("calibrate", scores, "--name", "lobby", "--fmr", "1e-3", "--data", tmp_path, "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "score_file"


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"--fmr": "1e-5"}, "calibration", "1,000,000"),
        ({"--fmr": "0.5"}, "calibration", "1e-5"),
        ({"--name": "Lobby"}, "calibration", "lower-case"),
        ({"--name": "fmr-1e-5"}, "operating_point_name", "another"),
        ({"--name": "no-evidence"}, "operating_point_name", "another"),
        ({"--recogniser": "dlib"}, "recogniser_undecided", "fusion"),
    ],
)
def test_what_would_be_no_threshold_is_refused_with_what_to_do(
    run: Any, scores: Path, tmp_path: Path, changed: dict[str, str], code: str, said: str
) -> None:
    options = {"--name": "lobby", "--fmr": "1e-3", "--data": str(tmp_path / "data")} | changed
    flat = [word for option in options.items() for word in option]
    status, out, _ = run("calibrate", scores, *flat, "--json")
    assert status == 1
    error = json.loads(out)["error"]
    assert error["code"] == code
    assert said in error["remedy"]
    assert not (tmp_path / "data").exists()


def test_a_file_that_holds_no_scores_is_named(run: Any, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b")
    status, out, _ = run("calibrate", tmp_path / "x.csv", "--name", "a", "--fmr", "1e-3", "--data", tmp_path, "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "score_file"


@pytest.mark.slow
def test_scores_of_another_model_are_kept_with_a_warning(run: Any, told: Any, scores: Path, tmp_path: Path) -> None:
    made(digest="0" * 64).write(scores)
    data = ("--data", tmp_path / "data")
    status, out, err = run("calibrate", scores, "--name", "old", "--fmr", "1e-3", *data)
    assert status == 0, err
    assert "! The operating point was measured with another model" in out
    found = {one["name"]: one["caveat"] for one in told("thresholds", *data)}
    assert found.pop("old")["code"] == "operating_point_other_model"
    assert set(found.values()) == {None}
    assert "another model" in run("thresholds", *data)[1]


def test_a_threshold_without_evidence_is_listed_as_one(
    run: Any, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", "0.75")
    last = told("thresholds", "--data", tmp_path)[-1]
    assert (last["name"], last["chosen"], last["fmr"], last["non_mated"]) == ("no-evidence", True, None, 0)
    assert last["caveat"]["code"] == "operating_point_no_evidence"
    said = " ".join(run("thresholds", "--data", tmp_path)[1].split())
    assert "not measured" in said
    assert "settings of this shell" in said and "in use" not in said, "nobody asked the service"
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", "80")
    status, _, err = run("thresholds", "--data", tmp_path)
    assert status == 1
    assert "CLEARGLASS_THRESHOLD" in err


@pytest.mark.slow
def test_a_name_is_replaced_only_when_told_to(run: Any, told: Any, scores: Path, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    first = told("calibrate", scores, "--name", "lobby", "--fmr", "1e-3", *data)
    again = ("calibrate", scores, "--name", "lobby", "--fmr", "1e-2", *data)
    status, _, err = run(*again)
    assert status == 1
    assert "--replace" in err
    assert told(*again, "--replace")["threshold"] > first["threshold"]
    evidence = load_operating_points(tmp_path / "data")["lobby"].evidence
    assert evidence is not None
    assert evidence.fmr == pytest.approx(1e-2, rel=0.1)
