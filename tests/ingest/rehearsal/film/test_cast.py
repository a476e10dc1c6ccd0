from pathlib import Path

import numpy as np
import pytest

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film.cast import bystanders, portraits_of, public_data, volunteer
from matcher.recognition.recogniser import Recogniser


def test_the_volunteer_is_always_there(recogniser: Recogniser) -> None:
    picture = volunteer()
    assert picture.shape == (512, 512, 3)
    assert picture.flags.c_contiguous
    [portrait] = portraits_of([picture], recogniser)
    assert portrait.eye_distance > 30


def test_a_picture_without_a_face_makes_no_portrait(recogniser: Recogniser) -> None:
    blank = np.full((64, 64, 3), 127, np.uint8)
    assert len(portraits_of([blank, volunteer()], recogniser)) == 1
    with pytest.raises(RehearsalError, match="face"):
        portraits_of([blank], recogniser)


def test_bystanders_come_with_the_public_data(
    data_folder: Path, recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLEARGLASS_DATA", str(data_folder))
    assert public_data() == data_folder
    assert [len(own) for own in bystanders(data_folder, recogniser, count=3)] == [1, 1, 1]
    monkeypatch.setenv("CLEARGLASS_DATA", str(tmp_path / "none"))
    assert public_data() is None
    assert bystanders(None, recogniser) == []
