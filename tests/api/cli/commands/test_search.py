"""`clearglass identify` and `verify` on pictures of several people."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.recognition.image import encode_jpeg

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twice(tmp_path: Path, astronaut: Image) -> Path:
    """The astronaut, and the same half as large."""
    import cv2

    canvas = np.full((512, 800, 3), 127, np.uint8)
    canvas[:, :512] = astronaut
    canvas[:256, 530:786] = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    path = tmp_path / "twice.jpg"
    path.write_bytes(encode_jpeg(canvas))
    return path


@pytest.fixture
def asked(tmp_path: Path) -> tuple[object, ...]:
    return ("--purpose", "lobby", "--data", tmp_path / "data")


def test_a_face_is_chosen_by_its_number(
    run: Run, told: Callable[..., Any], twice: Path, asked: tuple[object, ...]
) -> None:
    status, _, err = run("identify", twice, *asked)
    assert status == 1
    assert "2 faces were found in the picture where one is needed: 1 at (" in err
    assert "Choose one of them by its number" in err
    status, out, _ = run("identify", twice, *asked, "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"]) == (1, "several_faces")
    assert [face["index"] for face in error["picture"]["faces"]] == [1, 2]
    assert told("identify", twice, "--face", 2, *asked)["candidates"] == []
    assert told("verify", twice, twice, "--face", 1, "--against-face", 2, *asked)["mated"] is True
    status, _, err = run("verify", twice, twice, "--face", 1, *asked)
    assert (status, "twice.jpg: 2 faces were found" in err) == (1, True)
    status, _, err = run("identify", twice, "--face", 3, *asked)
    assert (status, "There is no face 3 in the picture, which has 2" in err) == (1, True)


def test_all_faces_are_searched_for(run: Run, told: Callable[..., Any], twice: Path, asked: tuple[object, ...]) -> None:
    status, out, err = run("identify", twice, "--all-faces", *asked)
    assert status == 0, err
    assert "2 faces found, 2 searched for in" in out and "ms a face; log entries" in out
    searched = told("identify", twice, "--all-faces", "--least-eye-distance", 30, *asked)
    assert [face["index"] for face in searched["faces"]] == [1, 2]
    assert [face["reasons"] for face in searched["faces"]] == [[], ["too_small"]]
    first, second = (face["search"] for face in searched["faces"])
    assert first["outcome_index"] > first["request_index"] and second is None
    for wrong in (["--all-faces", "--face", 1], ["--least-eye-distance", 30], ["--all-faces", "--face", 0]):
        assert run("identify", twice, *wrong, *asked)[0] == 2
