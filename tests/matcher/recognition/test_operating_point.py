import dataclasses
import json
import math
import threading
from pathlib import Path

import pytest

from matcher import site_points
from matcher.folder.whole_file import write_whole
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import (
    DEFAULT_OPERATING_POINT,
    OPERATING_POINTS,
    OperatingPoint,
    OperatingPointError,
    OperatingPoints,
    load_operating_points,
    load_scale,
    load_site_points,
    parse_operating_points,
)
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import SimilarityScale
from matcher.site_points import OperatingPointNameError, keep_site_point


@pytest.fixture
def document() -> dict:
    from importlib.resources import files

    return json.loads(files("matcher.recognition").joinpath(OPERATING_POINTS).read_text())


def test_the_package_carries_points_of_the_present_model() -> None:
    points = load_operating_points()
    assert DEFAULT_OPERATING_POINT in points
    assert {point.model_digest for point in points.values()} == {FaceModel().digest}


def test_each_point_has_its_evidence() -> None:
    for name, point in load_operating_points().items():
        assert name == point.name
        found = point.evidence
        assert 0 <= found.fmr_low <= found.fmr <= found.fmr_high <= 1
        assert 0 <= found.fnmr_low <= found.fnmr <= found.fnmr_high <= 1
        assert found.fmr * found.non_mated >= 9
        assert found.mated > 1000
        assert found.dataset
        assert found.measured_on
        assert point.caveat is None
        assert not point.site


def test_a_stricter_point_has_a_lower_threshold_and_misses_more() -> None:
    points = sorted(load_operating_points().values(), key=lambda point: -point.evidence.fmr)
    thresholds, missed = [point.threshold for point in points], [point.evidence.fnmr for point in points]
    assert thresholds == sorted(thresholds, reverse=True)
    assert missed == sorted(missed)


def test_points_of_another_model_are_refused(document: dict) -> None:
    document["operating_points"][0]["model_digest"] = "0" * 64
    with pytest.raises(OperatingPointError, match="another model"):
        parse_operating_points(json.dumps(document).encode())


def test_points_of_another_fusion_are_refused(document: dict) -> None:
    document["weights"]["dlib"] += 0.1
    for record in document["operating_points"]:
        record.pop("weights")  # then they are the document's
    with pytest.raises(OperatingPointError, match="another model"):
        parse_operating_points(json.dumps(document).encode())


def test_a_file_of_before_there_were_other_fusions_is_read(document: dict) -> None:
    """It gives dlib's weight beside SFace's, which was 1; of the document, of points and of the scale."""
    expected = parse_operating_points(json.dumps(document).encode())
    for record in (document, *document["operating_points"][:2], document["scale"]):
        record["dlib_weight"] = record.pop("weights")["dlib"]
    for record in document["operating_points"][2:]:
        del record["weights"]
    data = json.dumps(document).encode()
    assert parse_operating_points(data) == expected
    assert OperatingPoints.parse(data).scale.weights == {"sface": 1.0, "dlib": 0.5}


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"dlib_weight": 1, "operating_points": [{}]}'])
def test_an_unreadable_file_is_refused(data: bytes) -> None:
    with pytest.raises(OperatingPointError, match="cannot be read"):
        parse_operating_points(data)


def lobby(**changes: object) -> OperatingPoint:
    """A point of this site, measured as the default one."""
    point = load_operating_points()[DEFAULT_OPERATING_POINT]
    evidence = dataclasses.replace(point.evidence, **changes)
    point = point.used_with(evidence.model_digest, evidence.weights)
    return dataclasses.replace(point, name="lobby", threshold=0.7, evidence=evidence, site=True)


def scale(**changes: object) -> SimilarityScale:
    values = {
        "dataset": "d",
        "model_digest": FaceModel().digest,
        "weights": DEFAULT_FUSION.weights,
        "non_mated": 1000,
        "steps": ((0.5, 0.01), (0.9, 0.1)),
    }
    return SimilarityScale(**values | changes)


def scale_read(folder: Path | None = None, **changes: object) -> SimilarityScale | None:
    """As the service with the default model reads it."""
    return load_scale(folder, **{"model_digest": FaceModel().digest, "weights": DEFAULT_FUSION.weights} | changes)


OTHER_WEIGHTS = {"sface": 1.0, "dlib": 0.6}


def test_a_points_record_is_read_as_the_same_point() -> None:
    points = OperatingPoints(points=tuple(load_operating_points().values()), scale=scale())
    assert OperatingPoints.parse(points.content()) == points


def test_the_sites_points_stand_beside_the_packages(tmp_path: Path) -> None:
    assert load_operating_points(tmp_path) == load_operating_points(tmp_path / "none") == load_operating_points()
    path = keep_site_point(tmp_path, lobby())
    assert path == tmp_path / OPERATING_POINTS
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_operating_points(tmp_path) == load_operating_points() | {"lobby": lobby()}
    assert scale_read(tmp_path) == scale_read() != scale()
    yard = dataclasses.replace(lobby(), name="yard")
    keep_site_point(tmp_path, yard, scale=scale())
    keep_site_point(tmp_path, dataclasses.replace(yard, threshold=0.6), replace=True)
    assert load_site_points(tmp_path).points == (lobby(), dataclasses.replace(yard, threshold=0.6))
    assert scale_read(tmp_path) == scale(), "a later point leaves the scale where it is"


@pytest.mark.parametrize("changes", [{"model_digest": "0" * 64}, {"weights": OTHER_WEIGHTS}])
def test_a_site_point_of_another_model_is_loaded_and_says_so(tmp_path: Path, changes: dict) -> None:
    keep_site_point(tmp_path, lobby(**changes), scale=scale())
    point = load_operating_points(tmp_path)["lobby"].used_with(FaceModel().digest, DEFAULT_FUSION.weights)
    assert point.caveat.code == "operating_point_other_model"
    assert point.caveat.remedy
    document = json.loads((tmp_path / OPERATING_POINTS).read_text())
    document["weights"] = OTHER_WEIGHTS
    del document["scale"]["weights"]  # then they are the document's
    (tmp_path / OPERATING_POINTS).write_text(json.dumps(document))
    assert scale_read(tmp_path) == scale_read() is not None, "a scale of another fusion"
    keep_site_point(tmp_path, dataclasses.replace(lobby(), name="yard"))
    assert load_site_points(tmp_path).scale == scale(weights=OTHER_WEIGHTS), "it is kept, and read by nobody"
    assert scale_read(tmp_path) == scale_read()


def test_a_scale_of_another_model_is_not_read_by(tmp_path: Path) -> None:
    keep_site_point(tmp_path, lobby(), scale=scale(model_digest="0" * 64))
    assert scale_read(tmp_path) == scale_read() != scale(model_digest="0" * 64)
    assert scale_read(tmp_path, model_digest="0" * 64) == scale(model_digest="0" * 64)
    assert scale_read(tmp_path, model_digest="1" * 64) is None


def test_a_name_is_given_once(tmp_path: Path) -> None:
    for name in (DEFAULT_OPERATING_POINT, "no-evidence"):
        with pytest.raises(OperatingPointNameError, match="Clearglass itself"):
            keep_site_point(tmp_path, dataclasses.replace(lobby(), name=name), replace=True)
    keep_site_point(tmp_path, lobby())
    with pytest.raises(OperatingPointNameError, match="already") as caught:
        keep_site_point(tmp_path, lobby())
    assert "--replace" in caught.value.remedy


def test_a_sites_file_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / OPERATING_POINTS).write_text("{")
    for read in (load_operating_points, scale_read):
        with pytest.raises(OperatingPointError) as caught:
            read(tmp_path)
        assert "data folder" in caught.value.remedy
    with pytest.raises(OperatingPointError):
        keep_site_point(tmp_path, lobby())
    assert (tmp_path / OPERATING_POINTS).read_text() == "{"


@pytest.mark.parametrize("threshold", [80, 2.0001, 0, -1, math.nan, math.inf, "0.7", True, None])
def test_a_threshold_that_nobody_could_mean_is_refused(tmp_path: Path, threshold: object) -> None:
    keep_site_point(tmp_path, lobby())
    document = json.loads((tmp_path / OPERATING_POINTS).read_text())
    document["operating_points"][0]["threshold"] = threshold
    (tmp_path / OPERATING_POINTS).write_text(json.dumps(document))
    with pytest.raises(OperatingPointError, match="threshold of lobby is") as caught:
        load_operating_points(tmp_path)
    assert repr(threshold) in caught.value.message
    assert "data folder" in caught.value.remedy
    document["operating_points"][0]["threshold"] = 2
    (tmp_path / OPERATING_POINTS).write_text(json.dumps(document))
    assert load_operating_points(tmp_path)["lobby"].threshold == 2.0


def test_two_who_calibrate_at_once_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = threading.Thread(target=keep_site_point, args=(tmp_path, dataclasses.replace(lobby(), name="yard")))

    def slowly(*args: object, **options: object) -> None:
        monkeypatch.undo()
        other.start()
        other.join(0.3)
        write_whole(*args, **options)

    monkeypatch.setattr(site_points, "write_whole", slowly)
    keep_site_point(tmp_path, lobby())
    other.join(10)
    assert {point.name for point in load_site_points(tmp_path).points} == {"lobby", "yard"}
    assert [path.name for path in tmp_path.iterdir()] == [OPERATING_POINTS]


@pytest.mark.parametrize(
    "changes",
    [
        {"fmr": 1.1},
        {"fmr": -0.1},
        {"fmr": None},
        {"non_mated": 0},
        {"mated": 0},
        {"dataset": 5},
        {"dataset": ""},
        {"interval": "none"},
        {"interval": None},
        {"measured_on": "some day"},
        {"measured_on": 2026},
        {"model_digest": None},
        {"weights": {"sface": math.nan}},
        {"weights": {"sface": "0.5"}},
        {"weights": {"sface": 0}},
        {"weights": {}},
        {"weights": 1},
        {"dlib_weight": "0.5"},
    ],
)
def test_evidence_that_is_none_is_refused(document: dict, changes: dict) -> None:
    document["operating_points"][0] |= changes
    with pytest.raises(OperatingPointError, match="cannot be read"):
        parse_operating_points(json.dumps(document).encode())
