"""Pictures that lie are turned until a face stands upright; pictures in which somebody stands are not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.probe.photograph import Photograph, find_faces
from matcher.recognition.errors import TooManyFacesError
from matcher.recognition.face import Box, Face
from matcher.recognition.fusion import Fusion
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template

GATE = QualityGate()


def turned(image: Image, quarters: int) -> Image:
    """By quarter turns clockwise."""
    return np.ascontiguousarray(np.rot90(image, -quarters))


def reasons(photograph: Photograph) -> list[tuple[str, ...]]:
    return [tuple(reason.value for reason in found.reasons) for found in photograph.faces]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_picture_that_lies_is_turned_upright(astronaut: Image, recogniser: Recogniser, quarters: int) -> None:
    photograph = find_faces(turned(astronaut, quarters), recogniser, GATE, most=200)
    assert reasons(photograph) == [()]
    assert photograph.quarters == -quarters % 4
    assert np.array_equal(photograph.image, astronaut)
    assert photograph.faces[0].face.box.x == pytest.approx(recogniser.detect([astronaut])[0][0].box.x)


@pytest.mark.parametrize("degrees", [20, 160, 200])
def test_a_tilted_picture_is_found_by_the_turn_nearest(
    astronaut: Image, recogniser: Recogniser, degrees: float
) -> None:
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), -degrees, 1.0)
    picture = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8)
    photograph = find_faces(picture, recogniser, GATE, most=200)
    assert reasons(photograph)[0] == ()
    assert photograph.quarters == (-round(degrees / 90)) % 4


def test_a_picture_in_which_somebody_stands_is_not_turned_for_those_who_lie(
    astronaut: Image, recogniser: Recogniser
) -> None:
    face, lying = astronaut[:256, 100:356], turned(astronaut, 2)
    beside = np.zeros((512, 800, 3), np.uint8)
    beside[:256, :256], beside[:, 288:] = face, lying
    photograph = find_faces(beside, recogniser, GATE, most=200)
    assert photograph.quarters == 0
    assert [found.face.box.x < 256 for found in photograph.faces if not found.reasons] == [True]


def test_more_faces_than_are_looked_at_are_not_judged(astronaut: Image, recogniser: Recogniser) -> None:
    beside = np.hstack([astronaut[:256, 100:356]] * 3)
    assert len(find_faces(beside, recogniser, GATE, most=3).faces) == 3
    with pytest.raises(TooManyFacesError, match="shows 3 faces; at most 2 are looked at"):
        find_faces(beside, recogniser, GATE, most=2)


def test_nor_where_the_one_who_stands_is_not_good_enough(astronaut: Image, recogniser: Recogniser) -> None:
    beside = np.zeros((512, 800, 3), np.uint8)
    beside[:256, :256], beside[:, 288:] = cv2.GaussianBlur(astronaut[:256, 100:356], (0, 0), 4), turned(astronaut, 2)
    photograph = find_faces(beside, recogniser, GATE, most=200)
    assert photograph.quarters == 0
    assert ("blurred",) in reasons(photograph) and () not in reasons(photograph)


def test_where_no_turn_brings_a_face_it_is_the_picture_as_it_was(recogniser: Recogniser) -> None:
    grey = np.full((300, 200, 3), 127, np.uint8)
    photograph = find_faces(grey, recogniser, GATE, most=200)
    assert photograph.faces == () and photograph.quarters == 0
    assert photograph.image is grey


GOOD = Quality(eye_distance=60, sharpness=300, yaw=0, pitch=0, roll=0, brightness=128, inside=1)
BLURRED = replace(GOOD, sharpness=1)


@dataclass
class Scripted:
    """Sees one face in each turn of a picture, whose upper left pixel says by how many quarters it was turned."""

    qualities: Sequence[Quality]
    standing: Sequence[int | None]
    model_digest: str = "0" * 64
    fusion: Fusion = DEFAULT_FUSION

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [[self.face()] for _ in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        return [self.qualities[int(image[0, 0, 0])] for image in images]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        return [self.standing[int(image[0, 0, 0])] for image in images]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        raise AssertionError("nobody is searched for")

    @staticmethod
    def face() -> Face:
        return Face(box=Box(x=0, y=0, width=9, height=9), landmarks=np.zeros((5, 2), np.float32), score=1.0)


CORNERS = np.array([[[0] * 3, [3] * 3], [[1] * 3, [2] * 3]], np.uint8)
"""Turned clockwise, its lower left pixel comes to the upper left, then its lower right one."""


@pytest.mark.parametrize(
    ("qualities", "standing", "quarters"),
    [
        ([GOOD] * 4, [0, 0, 0, 0], 0),
        ([GOOD] * 4, [None, 2, 0, 0], 2),
        ([GOOD] * 4, [3, 2, 1, 0], 3),
        ([GOOD] * 4, [None, None, None, None], 0),
        ([BLURRED, GOOD, GOOD, GOOD], [0, 0, 0, 0], 0),
        ([GOOD, BLURRED, GOOD, GOOD], [2, 0, 0, None], 2),
        ([GOOD, BLURRED, BLURRED, GOOD], [2, None, 0, None], 2),
        ([replace(GOOD, roll=60.0), replace(GOOD, roll=-30.0), GOOD, GOOD], [0, 0, 0, 0], 1),
    ],
)
def test_the_first_turn_in_which_a_face_may_be_used(
    qualities: list[Quality], standing: list[int | None], quarters: int
) -> None:
    photograph = find_faces(CORNERS, Scripted(qualities, standing), GATE, most=200)
    assert photograph.quarters == quarters
    assert int(photograph.image[0, 0, 0]) == quarters
    lies = QualityReason.NOT_UPRIGHT in photograph.faces[0].reasons
    assert lies == (standing[quarters] != 0)
