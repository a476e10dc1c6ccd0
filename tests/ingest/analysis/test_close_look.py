from pathlib import Path
from statistics import median

import numpy as np
import pytest

from ingest.analysis.close_look import closely, nod
from ingest.rehearsal.film.relief import seen_from_above
from matcher.picture.pixel_array import Image
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser
from tests.ingest.stubs.scenery import portrait


def on_a_wall(astronaut: Image, recogniser: Recogniser, eye_distance: float, left: int, top: int) -> Image:
    face = recogniser.detect([astronaut])[0][0]
    small = portrait(astronaut, face, eye_distance=eye_distance)
    wall = np.full((1080, 1920, 3), 100, np.uint8)
    wall[top : top + small.shape[0], left : left + small.shape[1]] = small
    return wall


@pytest.mark.parametrize(("left", "top"), [(100, 100), (600, 480), (490, 560), (1800, 950)])
def test_a_face_too_small_for_the_detector_is_found_once_wherever_it_is(
    astronaut: Image, recogniser: Recogniser, left: int, top: int
) -> None:
    wall = on_a_wall(astronaut, recogniser, 18.0, left, top)
    assert recogniser.detect([wall])[0] == []
    (face,) = closely(recogniser, wall)
    assert left < face.box.x + face.box.width / 2 < left + 80
    assert top < face.box.y + face.box.height / 2 < top + 95


def test_a_large_face_is_not_found_again_in_tiles(astronaut: Image, recogniser: Recogniser) -> None:
    assert len(closely(recogniser, on_a_wall(astronaut, recogniser, 120.0, 500, 300))) == 1


def test_nods_are_measured_in_their_order(data_folder: Path, recogniser: Recogniser) -> None:
    """By the middle of several people: one face alone says little."""
    files = sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[::4]
    measured: dict[float, list[float]] = {-40.0: [], 0.0: [], 30.0: [], 45.0: []}
    for picture in [decode_image(file.read_bytes()) for file in files]:
        for degrees, found in measured.items():
            turned = seen_from_above(picture, recogniser.detect([picture])[0][0], degrees)
            angle = nod(recogniser, turned, recogniser.detect([turned])[0][0])
            assert angle is not None
            found.append(angle)
    up, straight, down, far_down = (median(found) for found in measured.values())
    assert up < straight < down < far_down
    assert far_down - straight > 8


def test_no_nod_turns_nothing(astronaut: Image, recogniser: Recogniser) -> None:
    face = recogniser.detect([astronaut])[0][0]
    assert np.abs(seen_from_above(astronaut, face, 0.0).astype(int) - astronaut).max() <= 1
