import json
from pathlib import Path
from typing import Any

import pytest

from matcher.recognition import needs as module
from matcher.recognition.face_model import FaceModel
from matcher.recognition.needs import NeedsError, load_needs, parse_needs

DOCUMENT: dict[str, Any] = {
    "model_digest": "0" * 64,
    "dataset": "made up",
    "operating_point": "fmr-1e-5",
    "fnmr": 0.04,
    "most_fnmr": 0.1,
    "measured_on": "2026-01-01",
    "nods": [[-20.0, -5.0], [0.0, 1.0], [40.0, 11.0]],
    "nod_spread": 4.0,
    "quantities": {"yaw": {"unit": "degrees", "holds": 40.0, "limit": 45.0, "fails": 50.0, "mated": 73}},
}


def parsed(**changes: object) -> Any:
    return parse_needs(json.dumps(DOCUMENT | changes).encode())


def test_the_packages_own_needs_have_all_that_a_camera_is_judged_by() -> None:
    needs = load_needs()
    for quantity in ("eye_distance", "sharpness", "quantiser", "bits_per_pixel", "darkness", "brightness", "yaw"):
        assert needs.limit(quantity) > 0
    assert needs.limit("pitch_up") < 0 < needs.limit("pitch_down")
    assert needs.limit("darkness") < needs.limit("brightness")
    for name, need in needs.quantities.items():
        assert need.mated >= 30, name
        if need.fails is not None:
            assert min(need.holds, need.fails) <= need.limit <= max(need.holds, need.fails), name


def test_another_models_needs_are_read_and_say_so() -> None:
    assert not parsed().of_present_model
    assert parsed(model_digest=FaceModel().digest).of_present_model


def test_the_nod_behind_a_measured_one() -> None:
    needs = parsed()
    assert needs.nod(-99.0) == -20.0 and needs.nod(99.0) == 40.0
    assert needs.nod(6.0) == pytest.approx(20.0)


BROKEN = [{"quantities": {"yaw": 3}}, {"x": 1}, {"nods": []}, {"nods": [[1]]}, {"nods": [[0, 1], [10, 1]]}]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", *(json.dumps(DOCUMENT | change).encode() for change in BROKEN)])
def test_what_cannot_be_read_is_said(data: bytes) -> None:
    with pytest.raises(NeedsError, match="cannot be read"):
        parse_needs(data)


def test_a_quantity_that_was_not_measured_is_said() -> None:
    with pytest.raises(NeedsError, match="height"):
        parsed().limit("height")


def test_a_missing_file_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    with pytest.raises(NeedsError, match="no file"):
        load_needs()


def test_the_packages_needs_were_measured_with_the_present_model() -> None:
    assert load_needs().of_present_model
