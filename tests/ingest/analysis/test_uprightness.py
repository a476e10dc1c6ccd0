"""Which way up faces stand, told by the real detector from portraits hung all four ways."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.analysis.uprightness import LEAST_VOTES, Uprightness
from ingest.stream.turn import Turn
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser
from tests.ingest.stubs.ingest_stub import BrightRecogniser, face_at


@pytest.fixture(scope="module")
def people(data_folder: Path) -> list[Image]:
    files = sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[:10]
    return [decode_image(file.read_bytes()) for file in files]


@pytest.mark.parametrize("hung", [0, 90, 180, 270])
def test_whole_pictures_tell_however_a_camera_hangs(people: list[Image], recogniser: Recogniser, hung: int) -> None:
    plain, mirrored = Uprightness(recogniser), Uprightness(recogniser, mirrored=True)
    for number, person in enumerate(people):
        assert number < LEAST_VOTES or plain.turned == (360 - hung) % 360
        picture = Turn(quarters=hung // 90).applied(person)
        plain.look(picture)
        mirrored.look(Turn(mirrored=True).applied(picture))
    assert mirrored.turned == (360 - hung) % 360, "the mirror hides nothing"


def test_a_face_found_upside_down_tells(people: list[Image], recogniser: Recogniser) -> None:
    """Also one that the detector has put where it thinks that a turned face is."""
    uprightness = Uprightness(recogniser)
    for person in people:
        picture = Turn(quarters=2).applied(person)
        for face in recogniser.detect([picture])[0][:1]:
            uprightness.look_at(picture, face)
    assert uprightness.turned == 180


class Scored(BrightRecogniser):
    """Gives the rotations of each picture these scores, in turn; 0: no face."""

    def __init__(self, *scores: float) -> None:
        self.scores = list(scores)

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        score = self.scores.pop(0)
        return [[face_at(0, 0, score=score)] if score else []]


def looked(*rotations: tuple[float, float, float, float]) -> int | None:
    uprightness = Uprightness(Scored(*(score for scores in rotations for score in scores)))
    for _ in rotations:
        uprightness.look(np.zeros((64, 64, 3), np.uint8))
    return uprightness.turned


UPRIGHT, OVER, CLOSE, NOBODY = (0.9, 0.8, 0.8, 0.8), (0.8, 0.8, 0.9, 0.8), (0.9, 0.8, 0.88, 0.8), (0.0, 0.0, 0.0, 0.0)


def test_too_few_pictures_or_pictures_that_disagree_tell_nothing() -> None:
    assert looked(*[OVER] * (LEAST_VOTES - 1)) is None
    assert looked(*[OVER] * LEAST_VOTES) == 180
    assert looked(*[CLOSE] * 20, *[NOBODY] * 20, *[OVER] * (LEAST_VOTES - 1)) is None
    assert looked(*[OVER] * 7, *[UPRIGHT] * 3) is None
    assert looked(*[OVER] * 8, *[UPRIGHT] * 2) == 180
    assert looked(*[UPRIGHT] * LEAST_VOTES) == 0
