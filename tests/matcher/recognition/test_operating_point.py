import json

import pytest

from matcher.recognition.operating_point import (
    DEFAULT_OPERATING_POINT,
    OPERATING_POINTS,
    OperatingPointError,
    load_operating_points,
    parse_operating_points,
)
from matcher.recognition.registry import model_digest


@pytest.fixture
def document() -> dict:
    from importlib.resources import files

    return json.loads(files("matcher.recognition").joinpath(OPERATING_POINTS).read_text())


def test_the_package_carries_points_of_the_present_model() -> None:
    points = load_operating_points()
    assert DEFAULT_OPERATING_POINT in points
    assert {point.model_digest for point in points.values()} == {model_digest()}


def test_each_point_has_its_evidence() -> None:
    for name, point in load_operating_points().items():
        assert name == point.name
        assert 0 <= point.fmr_low <= point.fmr <= point.fmr_high <= 1
        assert point.fmr * point.non_mated >= 9
        assert point.mated > 1000
        assert point.dataset
        assert point.measured_on


def test_a_stricter_point_has_a_lower_threshold_and_misses_more() -> None:
    points = sorted(load_operating_points().values(), key=lambda point: -point.fmr)
    thresholds, missed = [point.threshold for point in points], [point.fnmr for point in points]
    assert thresholds == sorted(thresholds, reverse=True)
    assert missed == sorted(missed)


def test_points_of_another_model_are_refused(document: dict) -> None:
    document["operating_points"][0]["model_digest"] = "0" * 64
    with pytest.raises(OperatingPointError, match="another model"):
        parse_operating_points(json.dumps(document).encode())


def test_points_of_another_fusion_are_refused(document: dict) -> None:
    document["dlib_weight"] += 0.1
    with pytest.raises(OperatingPointError, match="another model"):
        parse_operating_points(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"dlib_weight": 1, "operating_points": [{}]}'])
def test_an_unreadable_file_is_refused(data: bytes) -> None:
    with pytest.raises(OperatingPointError, match="cannot be read"):
        parse_operating_points(data)
