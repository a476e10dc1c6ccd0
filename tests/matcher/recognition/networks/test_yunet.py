from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.networks.weights import locate
from matcher.recognition.networks.yunet import YuNet
from matcher.recognition.pixels import shrink
from matcher.recognition.registry import YUNET


@pytest.fixture(scope="module")
def yunet() -> YuNet:
    return YuNet(min_score=0.6)


def rows(faces: list[Face]) -> np.ndarray:
    return np.array(
        [[f.box.x, f.box.y, f.box.width, f.box.height, *f.landmarks.reshape(-1), f.score] for f in faces], np.float32
    )


def opencv(image: Image) -> np.ndarray:
    import cv2

    detector = cv2.FaceDetectorYN.create(str(locate(YUNET)), "", image.shape[1::-1], 0.6, 0.3, 5000)
    _, found = detector.detect(image)
    largest_first: np.ndarray = found[np.argsort(-found[:, 2] * found[:, 3], kind="stable")]
    return largest_first


@pytest.mark.parametrize("size", [(512, 512), (320, 320), (500, 300), (333, 257)])
def test_equals_opencv_on_the_astronaut(yunet: YuNet, astronaut: Image, size: tuple[int, int]) -> None:
    image = shrink(astronaut, *size)
    assert_allclose(rows(yunet.detect_unscaled(image)), opencv(image), atol=1e-3)


def test_equals_opencv_on_a_crowd(yunet: YuNet, data_folder: Path) -> None:
    import cv2

    several = 0
    for path in sorted((data_folder / "crowds").glob("*.jpg"))[:6]:
        image = shrink(cv2.imread(str(path)), 640, 384)
        found = yunet.detect_unscaled(image)
        assert_allclose(rows(found), opencv(image), atol=1e-3)
        several += len(found)
    assert several > 20


def test_the_surest_face_of_pictures_that_go_through_together(yunet: YuNet, astronaut: Image) -> None:
    upright, grey = shrink(astronaut, 256, 256), np.full((256, 256, 3), 127, np.uint8)
    lying = np.ascontiguousarray(np.rot90(upright))
    scores, face = yunet.surest([lying, upright, grey])
    (found,) = yunet.detect_unscaled(upright)
    assert scores.argmax() == 1 and scores[1] == pytest.approx(found.score, abs=1e-5)
    assert scores[2] < 0.3, "lower than what counts as found"
    assert_allclose(face.landmarks, found.landmarks, atol=1e-3)
    assert (face.box.width, face.score) == (pytest.approx(found.box.width, abs=1e-3), pytest.approx(found.score))


def test_largest_first(yunet: YuNet, astronaut: Image) -> None:
    small = shrink(astronaut, 256, 256)
    both = np.zeros((512, 768, 3), np.uint8)
    both[:256, :256], both[:, 256:] = small, astronaut
    first, second = yunet.detect(both)
    assert first.box.width > second.box.width
    assert first.box.x > 256 > second.box.x


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_face_in_a_large_picture_is_where_it_is(yunet: YuNet, astronaut: Image, factor: int) -> None:
    import cv2

    small = yunet.detect(astronaut)[0]
    large = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    (found,) = yunet.detect(large)
    expected = (small.landmarks + 0.5) * factor - 0.5
    assert np.abs(found.landmarks - expected).max() < 0.06 * small.box.width * factor
    assert found.box.width == pytest.approx(small.box.width * factor, rel=0.1)


def test_a_small_face_in_a_full_hd_picture_is_found(yunet: YuNet, astronaut: Image) -> None:
    scene = np.full((1080, 1920, 3), 120, np.uint8)
    scene[700:980, 1500:1780] = shrink(astronaut, 280, 280)  # the face is 49 pixels wide
    (face,) = yunet.detect(scene)
    assert face.box.width == pytest.approx(49, abs=8)
    assert 1500 < face.box.x < 1780


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (31, 7), (480, 640), (2, 5000)])
def test_a_picture_without_a_face_gives_none(yunet: YuNet, shape: tuple[int, int]) -> None:
    assert yunet.detect(np.full((*shape, 3), 127, np.uint8)) == []


def test_grainy_noise_is_no_face(yunet: YuNet) -> None:
    assert yunet.detect(np.random.default_rng(3).integers(0, 256, (360, 640, 3)).astype(np.uint8)) == []


@pytest.mark.parametrize(
    ("min_face", "size"),
    [(16.0, (960, 540)), (40.0, (960, 540)), (47.9, (960, 540)), (48.0, (640, 360)), (200.0, (640, 360))],
)
def test_a_picture_is_as_small_as_the_smallest_face_allows(min_face: float, size: tuple[int, int]) -> None:
    scaled = YuNet(min_face=min_face).scaled(np.zeros((1080, 1920, 3), np.uint8))
    assert scaled.shape[1::-1] == size


def test_a_small_picture_is_looked_at_as_it_is(yunet: YuNet, astronaut: Image) -> None:
    assert yunet.scaled(astronaut) is astronaut


def test_pictures_of_several_sizes_give_what_each_gives_alone(yunet: YuNet, astronaut: Image) -> None:
    pictures = [astronaut, np.ascontiguousarray(astronaut[:320, :352]), np.zeros((64, 96, 3), np.uint8), astronaut // 2]
    together = yunet.detect_batch(pictures)
    assert [len(faces) for faces in together] == [1, 1, 0, 1]
    for picture, faces in zip(pictures, together, strict=True):
        assert_allclose(rows(faces), rows(yunet.detect_unscaled(picture)), atol=1e-3)


def test_no_pictures_give_no_faces(yunet: YuNet) -> None:
    assert yunet.detect_batch([]) == []
