"""Each reason of the quality gate provoked by a picture that has the fault."""

import dataclasses
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Box, Face
from matcher.recognition.networks.alignment import SFACE_POINTS, SFACE_SIZE, FivePointAlignment, onto
from matcher.recognition.networks.assessment import assess, evenness, inside, pose
from matcher.recognition.networks.yunet import YuNet
from matcher.recognition.quality import Quality, QualityGate, QualityReason

GATE = QualityGate()


@pytest.fixture(scope="module")
def yunet() -> YuNet:
    return YuNet(min_score=0.5)


@pytest.fixture(scope="module")
def face(yunet: YuNet, astronaut: Image) -> Face:
    return yunet.detect(astronaut)[0]


def test_the_astronaut_passes(astronaut: Image, face: Face) -> None:
    quality = assess(astronaut, face)
    assert GATE.judge(quality) == ()
    assert quality.eye_distance == pytest.approx(47, abs=2)
    assert abs(quality.yaw) < 15
    assert quality.inside == 1
    assert quality.score > 0.7


def test_a_tiny_face_is_too_small(yunet: YuNet, astronaut: Image) -> None:
    small = cv2.resize(astronaut, (150, 150), interpolation=cv2.INTER_AREA)
    (found,) = yunet.detect(small)
    quality = assess(small, found)
    assert QualityReason.TOO_SMALL in GATE.judge(quality)


def test_a_blurred_face_is_blurred(astronaut: Image, face: Face) -> None:
    soft = cv2.GaussianBlur(astronaut, (0, 0), 5)
    assert GATE.judge(assess(soft, face)) == (QualityReason.BLURRED,)


@pytest.mark.parametrize("size", [(21, 1), (1, 21)])
def test_a_smear_in_one_direction_is_blur_too(astronaut: Image, face: Face, size: tuple[int, int]) -> None:
    quality = assess(cv2.blur(astronaut, size), face)
    assert quality.sharpness > GATE.min_sharpness, "across it there is detail left"
    assert GATE.judge(quality) == (QualityReason.BLURRED,)


def test_dark_glasses_and_masks_cover(astronaut: Image, face: Face) -> None:
    eyes, mouth = face.landmarks[:2].mean(axis=0), face.landmarks[3:].mean(axis=0)
    for x, y in (eyes, mouth):
        covered = astronaut.copy()
        cv2.rectangle(covered, (int(x) - 45, int(y) - 16), (int(x) + 45, int(y) + 16), (40, 40, 40), -1)
        assert QualityReason.COVERED in GATE.judge(assess(covered, face))
    assert assess(astronaut // 4, face).contrast == pytest.approx(assess(astronaut, face).contrast, abs=0.02)


@pytest.mark.parametrize(("gain", "reason"), [(0.12, QualityReason.TOO_DARK), (None, QualityReason.TOO_BRIGHT)])
def test_dark_and_bright(astronaut: Image, face: Face, gain: float | None, reason: QualityReason) -> None:
    lit = (astronaut * gain).astype(np.uint8) if gain else (255 - (255 - astronaut) * 0.12).astype(np.uint8)
    assert reason in GATE.judge(assess(lit, face))


def test_a_face_at_the_edge_is_cut_off(astronaut: Image, face: Face) -> None:
    edge = int(face.box.x + face.box.width * 0.75)
    assert QualityReason.CUT_OFF in GATE.judge(assess(astronaut[:, :edge].copy(), face))


def head(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Landmarks of a head turned by these degrees, seen by a camera far away."""
    points = np.array([[-31.5, -33, 0], [31.5, -33, 0], [0, 4.7, -27], [-25, 34, -2], [25, 34, -2]])
    a, b, c = (math.radians(angle) for angle in (yaw, pitch, roll))
    turn_y = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    turn_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    turn_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return (points @ (turn_z @ turn_y @ turn_x).T)[:, :2] * 1.3 + [400, 300]


@given(yaw=st.floats(-60, 60))
def test_a_turn_is_measured(yaw: float) -> None:
    assert pose(head(yaw, 0, 0)) == pytest.approx((yaw, 0, 0), abs=0.5)


@given(pitch=st.floats(-50, 50), roll=st.floats(-40, 40))
def test_a_nod_and_a_tilt_are_measured(pitch: float, roll: float) -> None:
    assert pose(head(0, pitch, 0)) == pytest.approx((0, pitch, 0), abs=0.5)
    assert pose(head(0, 0, roll)) == pytest.approx((0, 0, roll), abs=0.5)


def test_a_turned_head_is_turned(astronaut: Image, face: Face) -> None:
    quality = assess(astronaut, dataclasses.replace(face, landmarks=head(50, 0, 0).astype(np.float32)))
    assert QualityReason.TURNED in GATE.judge(quality)


@given(spots=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=5, max_size=5))
def test_any_landmarks_have_a_finite_quality(spots: list[tuple[float, float]]) -> None:
    image = np.zeros((40, 50, 3), np.uint8)
    strange = Face(box=Box(x=0, y=0, width=9, height=9), landmarks=np.array(spots, np.float32), score=1.0)
    quality: Quality = assess(image, strange)
    assert all(math.isfinite(value) for value in dataclasses.astuple(quality))


def chip_at(turn: float, scale: float, across: float, down: float) -> Face:
    """A face whose aligned chip is turned by these degrees, `scale` times as large, its middle at (across, down)."""
    c, s = scale * math.cos(math.radians(turn)), scale * math.sin(math.radians(turn))
    middle = (SFACE_SIZE - 1) / 2
    points = (SFACE_POINTS - middle) @ np.array([[c, s], [-s, c]]) + [across, down]
    return Face(box=Box(x=0, y=0, width=9, height=9), landmarks=points.astype(np.float32), score=1.0)


@pytest.mark.parametrize(
    ("turn", "middle", "share"),
    [
        (0, (149.5, 99.5), 1.0),
        (0, (-0.5, 99.5), 0.5),
        (180, (-0.5, -0.5), 0.25),
        (45, (149.5, -0.5), 0.5),
        (0, (149.5, 199.5 + 28), 0.25),
        (0, (900, 900), 0.0),
    ],
)
def test_the_share_of_the_chip_inside(turn: float, middle: tuple[float, float], share: float) -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    matrix = onto(chip_at(turn, 1.0, *middle), SFACE_POINTS)
    assert inside(picture, matrix) == pytest.approx(share, abs=1e-4)


@given(turn=st.floats(-180, 180), scale=st.floats(0.4, 3), across=st.floats(-100, 400), down=st.floats(-100, 300))
def test_the_share_inside_is_that_of_the_chip_which_has_pixels(
    turn: float, scale: float, across: float, down: float
) -> None:
    white = np.full((200, 300, 3), 255, np.uint8)
    face = chip_at(turn, scale, across, down)
    chip = FivePointAlignment().chip(white, face)
    assert inside(white, onto(face, SFACE_POINTS)) == pytest.approx(float(chip.mean()) / 255, abs=0.03)


def test_landmarks_on_one_spot_are_of_no_face() -> None:
    spot = Face(box=Box(x=0, y=0, width=9, height=9), landmarks=np.full((5, 2), 7, np.float32), score=1.0)
    assert inside(np.zeros((20, 20, 3), np.uint8), onto(spot, SFACE_POINTS)) == 0


def test_evenness_is_of_the_direction_with_least_detail() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 1), np.uint8).repeat(3, axis=2)
    stripes = noise[:1].repeat(112, axis=0)
    assert evenness(noise) == pytest.approx(0.3, abs=0.03), "6 of 20 parts of the variance, as of any white noise"
    assert evenness(stripes) == evenness(np.rot90(stripes)) == 0
    assert evenness(np.full_like(noise, 90)) == 0
