"""How faces stand, told by the real detector; what it says of a lying face is not what it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser


@pytest.fixture(scope="module")
def people(data_folder: Path) -> list[Image]:
    files = sorted((data_folder / "portraits" / "canada").glob("*.jpg"))[::2]
    return [np.ascontiguousarray(decode_image(file.read_bytes())[::2, ::2]) for file in files]


def turned(image: Image, quarters: int) -> Image:
    """By quarter turns clockwise."""
    return np.ascontiguousarray(np.rot90(image, -quarters))


def standing(recogniser: Recogniser, images: Sequence[Image]) -> list[int | None]:
    """Of each picture's largest face, where one is found."""
    found = [(image, faces[0]) for image in images if (faces := recogniser.detect([image])[0])]
    return recogniser.orientations([image for image, _ in found], [face for _, face in found])


def test_faces_that_stand_are_said_to_stand(people: list[Image], recogniser: Recogniser) -> None:
    assert standing(recogniser, people) == [0] * len(people)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_no_face_that_lies_is_said_to_stand(people: list[Image], recogniser: Recogniser, quarters: int) -> None:
    said = standing(recogniser, [turned(image, quarters) for image in people])
    assert 0 not in said
    back = -quarters % 4
    known = [one for one in said if one is not None]
    assert len(known) > len(said) / 2 and known.count(back) > 0.9 * len(known)


def test_true_landmarks_of_a_lying_face_may_be_trusted(astronaut: Image, recogniser: Recogniser) -> None:
    face = recogniser.detect([astronaut])[0][0]
    height = astronaut.shape[0]
    across, down = face.landmarks.T
    lying = replace(face, landmarks=np.stack([height - 1 - down, across], axis=1))
    images = [astronaut, turned(astronaut, 1)]
    assert recogniser.orientations(images, [face, lying]) == [0, 0]


def test_where_there_is_no_face_it_is_doubtful(astronaut: Image, recogniser: Recogniser) -> None:
    face = recogniser.detect([astronaut])[0][0]
    spot = replace(face, landmarks=np.full((5, 2), 7, np.float32))
    grey = np.full_like(astronaut, 127)
    assert recogniser.orientations([grey, astronaut], [face, spot]) == [None, None]


def test_nothing_is_said_of_no_faces(recogniser: Recogniser) -> None:
    assert recogniser.orientations([], []) == []
