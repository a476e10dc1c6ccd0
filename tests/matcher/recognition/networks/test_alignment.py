import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.networks.alignment import SFACE_POINTS, DlibAlignment, FivePointAlignment, similarity
from matcher.recognition.networks.yunet import YuNet

sface_chip = FivePointAlignment().chip


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Face:
    return YuNet().detect(astronaut)[0]


def moved(face: Face, grow: float, shift: tuple[float, float] = (0, 0)) -> Face:
    return Face(box=face.box, landmarks=((face.landmarks + 0.5) * grow - 0.5 + shift).astype(np.float32), score=1.0)


@given(turn=st.floats(-3, 3), grow=st.floats(0.05, 20), across=st.floats(-900, 900), down=st.floats(-900, 900))
def test_a_similarity_is_found_again(turn: float, grow: float, across: float, down: float) -> None:
    matrix = np.array(
        [[grow * np.cos(turn), -grow * np.sin(turn), across], [grow * np.sin(turn), grow * np.cos(turn), down]]
    )
    moved_points = np.hstack([SFACE_POINTS, np.ones((5, 1))]) @ matrix.T
    assert_allclose(similarity(SFACE_POINTS, moved_points), matrix, atol=1e-6 * max(1, abs(across), abs(down), grow))


def test_the_similarity_is_the_least_squares_one() -> None:
    random = np.random.default_rng(1)
    source, target = random.random((5, 2)) * 100, random.random((5, 2)) * 100
    x, y, one, none = source[:, 0], source[:, 1], np.ones(5), np.zeros(5)
    left = np.vstack([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)])
    a, b, across, down = np.linalg.lstsq(left, np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    assert_allclose(similarity(source, target), [[a, -b, across], [b, a, down]], atol=1e-9)


def test_landmarks_on_one_spot_do_not_break_it() -> None:
    assert np.isfinite(similarity(np.ones((5, 2)), SFACE_POINTS)).all()


def test_equals_opencv(astronaut: Image, face: Face) -> None:
    import cv2

    from matcher.recognition.networks.weights import locate
    from matcher.recognition.registry import SFACE

    reference = cv2.FaceRecognizerSF.create(str(locate(SFACE)), "")
    box = [face.box.x, face.box.y, face.box.width, face.box.height]
    row = np.array([*box, *face.landmarks.reshape(-1), face.score], np.float32)
    apart = np.abs(reference.alignCrop(astronaut, row).astype(int) - sface_chip(astronaut, face).astype(int))
    assert apart.max() <= 2


@pytest.mark.parametrize("factor", [3, 6, 9])
def test_a_large_face_gives_the_same_chip_without_aliasing(astronaut: Image, face: Face, factor: int) -> None:
    import cv2

    large = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    one, other = sface_chip(astronaut, face), sface_chip(large, moved(face, factor))
    assert np.abs(one.astype(int) - other.astype(int)).mean() < 4


@given(
    spots=st.lists(st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)), min_size=5, max_size=5),
    height=st.integers(1, 60),
    width=st.integers(1, 60),
)
def test_any_landmarks_in_any_picture_give_a_chip(
    spots: list[tuple[float, float]], height: int, width: int, face: Face
) -> None:
    strange = Face(box=face.box, landmarks=np.array(spots, np.float32), score=1.0)
    assert sface_chip(np.zeros((height, width, 3), np.uint8), strange).shape == (112, 112, 3)


@pytest.mark.slow
def test_dlibs_chip_is_the_one_dlib_cuts_from_the_whole_picture(astronaut: Image, face: Face) -> None:
    import dlib

    from matcher.recognition.networks.weights import locate
    from matcher.recognition.registry import DLIB_LANDMARKS

    picture = np.ascontiguousarray(astronaut[:, :, ::-1])
    predictor = dlib.shape_predictor(str(locate(DLIB_LANDMARKS)))
    (box,) = dlib.get_frontal_face_detector()(picture, 0)
    expected = dlib.get_face_chip(picture, predictor(picture, box), size=150, padding=0.25)
    chip = DlibAlignment().chip(astronaut, face)
    assert chip.shape == (150, 150, 3)
    assert np.abs(chip.astype(int) - expected.astype(int)).mean() < 12
