from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.degradation.degradation import QUICK_PAIRS, DegradationBenchmark, nods_of
from benchmarks.degradation.degradation_levels import CURVES, as_film, as_jpeg, at_eye_distance
from benchmarks.degradation.degradation_needs import LEAST_PAIRS, clearly_worse, need_of
from benchmarks.harness.benchmark import Context
from benchmarks.running.runner import TerminalProgress
from matcher.evaluation.interval import wilson
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT


def level(value: float, missed: int, n: int = 300, **more: Any) -> dict[str, Any]:
    low, high = wilson(missed, n)
    point = {"missed": missed, "fnmr": missed / n, "fnmr_low": low, "fnmr_high": high}
    return {"value": value, "n": n, "median": {}, "bits_per_pixel": None, DEFAULT_OPERATING_POINT: point} | more


def curve(levels: Sequence[dict[str, Any]], judged_by: str | None = "value", missed: int = 12) -> dict[str, Any]:
    as_it_is = level(0.0, missed, median={"sharpness": 90.0})
    del as_it_is["value"]
    return {"name": "made-up", "unit": "steps", "judged_by": judged_by, "as_it_is": as_it_is, "levels": levels}


def test_the_limit_is_where_one_in_ten_is_missed() -> None:
    need = need_of(curve([level(10, 13), level(20, 24), level(30, 48), level(40, 200)]))
    assert need is not None
    assert (need.holds, need.fails, need.mated) == (20, 30, 300)
    assert need.limit == pytest.approx(22.5)


def test_one_in_ten_of_few_is_no_evidence() -> None:
    assert not clearly_worse(level(1, 5, n=40), 0.06)
    assert clearly_worse(level(1, 50, n=400), 0.06)


def test_a_curve_that_never_gets_clearly_worse_holds_to_its_end() -> None:
    need = need_of(curve([level(10, 13), level(20, 14)]))
    assert need is not None and (need.holds, need.limit, need.fails) == (20, 20, None)


def test_a_curve_ends_where_there_are_too_few_pairs() -> None:
    need = need_of(curve([level(10, 13, to=20), level(20, LEAST_PAIRS - 1, n=LEAST_PAIRS - 1, to=30)], "to"))
    assert need is not None and (need.limit, need.fails) == (20, None)
    assert need_of(curve([level(10, 0, n=LEAST_PAIRS - 1)])) is None


def test_a_bin_that_is_worse_is_not_entered() -> None:
    need = need_of(curve([level(0, 10, to=20), level(20, 60, to=40)], "to"))
    assert need is not None and (need.holds, need.limit, need.fails) == (20, 20, 40)


def test_what_is_measured_is_told_in_its_own_terms_and_falls_from_the_first_level_on() -> None:
    levels = [level(1, 48, median={"sharpness": 30.0}), level(2, 100, median={"sharpness": 10.0})]
    need = need_of(curve(levels, "sharpness"))
    assert need is not None and (need.holds, need.fails) == (90.0, 30.0)
    assert need.limit == pytest.approx(60.0)


def test_a_curve_to_be_read_only_asks_nothing() -> None:
    assert need_of(curve([level(10, 200)], None)) is None


def test_nods_run_from_up_to_down_as_far_as_they_are_told_apart() -> None:
    down = curve([level(20, 0, median={"nod": 6.0}), level(40, 0, median={"nod": 14.0})]) | {"name": "pitch_down"}
    down["as_it_is"]["median"]["nod"] = 0.5
    up = curve([level(-20, 0, median={"nod": -3.0}), level(-40, 0, median={"nod": -2.0}), level(-50, 0)])
    assert nods_of([up | {"name": "pitch_up"}, down]) == [(-20, -3.0), (0.0, 0.5), (20, 6.0), (40, 14.0)]


def face(eyes: float) -> Face:
    points = np.array([[0, 0], [1, 0], [0.5, 0.6], [0.1, 1], [0.9, 1]], np.float32) * eyes + 80
    return Face(box=Box(x=60, y=60, width=2 * eyes, height=2 * eyes), landmarks=points, score=0.9)


def test_pictures_are_scaled_down_and_never_up() -> None:
    picture = np.zeros((200, 100, 3), np.uint8)
    assert at_eye_distance(picture, face(40.0), 20.0).shape == (100, 50, 3)
    assert at_eye_distance(picture, face(40.0), 50.0) is picture


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: str(curve.name))
def test_each_level_is_worse_than_the_one_before(curve: Any, astronaut: Image) -> None:
    picture = astronaut[:200, 120:320]
    seen = [one.degrade(picture, face(40.0))[0] for one in curve.levels]
    full = [float(np.abs(_back(one, picture) - picture.astype(float)).mean()) for one in seen]
    assert full == sorted(full)


def _back(image: Image, like: Image) -> Any:
    import cv2

    return cv2.resize(image, like.shape[1::-1], interpolation=cv2.INTER_CUBIC).astype(float)


def test_bits_fall_with_quality(astronaut: Image) -> None:
    picture = astronaut[:201, 120:321]
    assert as_jpeg(picture, 90)[1] > as_jpeg(picture, 20)[1] > 0.1
    assert as_film(picture, 24)[1] > as_film(picture, 40)[1] > 0.01
    assert as_film(picture, 24)[0].shape == (200, 200, 3)


def test_a_quick_run_measures_all_and_writes_nothing(data_folder: Path, tmp_path: Path) -> None:
    result = DegradationBenchmark().run(
        Context(quick=True, data=data_folder, progress=TerminalProgress(), out=tmp_path)
    )
    assert result.figures["written_into_package"] is False
    assert {curve["name"] for curve in result.figures["curves"]} >= {one.name for one in CURVES} | {"yaw"}
    assert all(one["n"] == QUICK_PAIRS for curve in result.figures["curves"][:8] for one in curve["levels"])
    assert result.figures["needs"]["nod_spread"] > 0
    seen = [measured for _, measured in result.figures["needs"]["nods"]]
    assert seen == sorted(seen)
    assert len(result.plots) == len(result.figures["curves"])
