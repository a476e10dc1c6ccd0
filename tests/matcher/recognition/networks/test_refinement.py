from dataclasses import replace

import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.networks.pipeline import load_recogniser
from matcher.recognition.networks.refinement import refined
from matcher.recognition.networks.yunet import YuNet
from matcher.recognition.pixels import mirrored


@pytest.fixture(scope="module")
def detector() -> YuNet:
    return YuNet()


@pytest.fixture(scope="module")
def face(detector: YuNet, astronaut: Image) -> Face:
    return detector.detect(astronaut)[0]


def apart(one: Face, other: Face) -> float:
    return float(np.linalg.norm(one.landmarks - other.landmarks, axis=1).max())


def test_landmarks_that_are_a_little_off_come_to_the_same_place(detector: YuNet, astronaut: Image, face: Face) -> None:
    there = refined(detector, astronaut, face)
    eyes = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
    assert apart(there, face) < 0.2 * eyes
    random = np.random.default_rng(0)
    for _ in range(5):
        off = replace(face, landmarks=face.landmarks + random.normal(0, 0.06 * eyes, (5, 2)).astype("f4"))
        assert apart(refined(detector, astronaut, off), there) < 0.5 * apart(off, face)


def test_a_mirror_image_has_its_landmarks_in_the_mirrored_places(detector: YuNet, astronaut: Image, face: Face) -> None:
    width = astronaut.shape[1]
    order = [1, 0, 2, 4, 3]
    flipped = replace(face, landmarks=(np.array([width - 1, 0]) + face.landmarks[order] * [-1, 1]).astype("f4"))
    there = refined(detector, mirrored(astronaut), flipped)
    back = replace(there, landmarks=(np.array([width - 1, 0]) + there.landmarks[order] * [-1, 1]).astype("f4"))
    # The chip that it is cut for is not symmetrical itself, nor is where its pixels lie.
    assert apart(back, refined(detector, astronaut, face)) < 0.05 * 37


def test_of_two_faces_it_stays_with_its_own(detector: YuNet, astronaut: Image, face: Face) -> None:
    beside = np.concatenate([astronaut, mirrored(astronaut)], axis=1)[:, 100:]
    moved = replace(face, landmarks=face.landmarks - np.array([100, 0], np.float32))
    found = refined(detector, beside, moved)
    there = refined(detector, astronaut, face)
    assert apart(replace(found, landmarks=found.landmarks + np.array([100, 0], np.float32)), there) < 0.5


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), np.full((5, 2), 40.0), np.eye(5, 2) * 1e-7])
def test_where_no_face_is_found_it_stays_as_it_was(detector: YuNet, landmarks: np.ndarray) -> None:
    face = Face(box=Box(x=0, y=0, width=9, height=9), landmarks=landmarks.astype("f4"), score=1.0)
    found = refined(detector, np.zeros((64, 64, 3), np.uint8), face)
    assert np.array_equal(found.landmarks, face.landmarks)


@pytest.mark.slow
def test_a_template_is_that_of_the_mirror_image_too(astronaut: Image) -> None:
    recogniser = load_recogniser()
    images = [astronaut, mirrored(astronaut)]
    one, other = recogniser.extract(images, [found[0] for found in recogniser.detect(images)])
    assert float(one.vectors["sface"] @ other.vectors["sface"]) > 0.96
    assert float(np.linalg.norm(one.vectors["dlib"] - other.vectors["dlib"])) < 0.1
