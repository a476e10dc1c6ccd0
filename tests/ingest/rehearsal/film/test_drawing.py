import numpy as np
import pytest

from ingest.rehearsal.film.choreography import Pose
from ingest.rehearsal.film.drawing import background, draw
from ingest.rehearsal.film.portrait import Portrait
from matcher.recognition.face import Box
from matcher.recognition.recogniser import Recogniser


def pose(**changes: float) -> Pose:
    return Pose(**({"x": 320.0, "y": 180.0, "eye_distance": 40.0, "yaw": 0.0, "pitch": 0.0, "roll": 0.0} | changes))


def test_a_background_shows_no_face(recogniser: Recogniser) -> None:
    picture = background(1280, 720, 1)
    assert picture.shape == (720, 1280, 3)
    assert picture.mean() > 80
    assert recogniser.detect([picture]) == [[]]


@pytest.mark.parametrize("eye_distance", [8.0, 20.0, 40.0, 90.0])
def test_the_face_is_drawn_as_large_as_asked(portrait: Portrait, recogniser: Recogniser, eye_distance: float) -> None:
    picture = background(640, 360, 1)
    drawn = draw(picture, portrait, pose(eye_distance=eye_distance))
    assert drawn.eye_distance == eye_distance
    assert drawn.face.x + drawn.face.width / 2 == pytest.approx(320, abs=0.5)
    if eye_distance > 15:
        [face] = recogniser.detect([picture])[0]
        assert np.linalg.norm(face.landmarks[0] - face.landmarks[1]) == pytest.approx(eye_distance, rel=0.25)
        assert face.box.x == pytest.approx(drawn.face.x, abs=0.35 * drawn.face.width)


def test_a_turned_head_is_narrower(portrait: Portrait) -> None:
    straight = draw(background(640, 360, 1), portrait, pose())
    turned = draw(background(640, 360, 1), portrait, pose(yaw=45))
    assert turned.face.width < 0.85 * straight.face.width
    assert turned.eye_distance < straight.eye_distance


@pytest.mark.parametrize(("x", "y"), [(-500.0, 180.0), (5000.0, 180.0), (320.0, -900.0), (0.0, 0.0), (640.0, 360.0)])
def test_beyond_the_edge_nothing_breaks(portrait: Portrait, x: float, y: float) -> None:
    picture = background(640, 360, 1)
    before = picture.copy()
    drawn = draw(picture, portrait, pose(x=x, y=y))
    touched = (picture != before).any()
    assert touched == bool(drawn.alpha.any())
    assert touched == (x in (0, 640))


def test_what_a_figure_covers(portrait: Portrait) -> None:
    drawn = draw(background(640, 360, 1), portrait, pose())
    assert drawn.covers(drawn.face) > 0.8
    assert drawn.covers(Box(x=0, y=0, width=20, height=20)) == 0
    assert drawn.covers(Box(x=-50, y=-50, width=20, height=20)) == 0
    assert drawn.covers(Box(x=630, y=350, width=100, height=100)) == 0
