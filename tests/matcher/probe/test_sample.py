"""The one face of a picture, and the choice where there are several."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from matcher.picture.pixel_array import Image
from matcher.probe.photograph import FoundFace, Photograph
from matcher.probe.sample import Sampler, listing
from matcher.recognition.errors import FaceQualityError, FaceUnknownError, NoFaceError, SeveralFacesError
from matcher.recognition.face import Box, Face
from matcher.recognition.quality import Quality, QualityGate, QualityReason


@pytest.fixture
def sampler(stub: Any) -> Sampler:
    """A sampler whose recogniser finds faces side by side, each smaller than the one before, the third one dark."""

    class Row(stub.StubRecogniser):  # type: ignore[misc]
        def detect(self, images: Sequence[Image]) -> list[list[Face]]:
            return [[_face(place) for place in range(int(image[0, 0, 1]))] for image in images]

        def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
            qualities = super().assess(images, faces)
            return [
                dataclasses.replace(quality, brightness=10.0) if face.box.x == 20 else quality
                for quality, face in zip(qualities, faces, strict=True)
            ]

    return Sampler(Row(), QualityGate())


def _face(place: int) -> Face:
    box = Box(x=10.0 * place, y=4, width=10.0 - place, height=12)
    return Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=1.0)


def test_a_single_face_needs_no_choice(sampler: Sampler, stub: Any) -> None:
    for face in (None, 1):
        assert np.array_equal(
            sampler.sample(stub.picture(5), face=face).template.vectors["sface"], stub.template(5).vectors["sface"]
        )
    with pytest.raises(NoFaceError):
        sampler.sample(stub.picture(5, faces=0), face=1)


def test_several_faces_are_listed_for_the_choice(sampler: Sampler, stub: Any) -> None:
    with pytest.raises(SeveralFacesError) as caught:
        sampler.sample(stub.picture(1, faces=3))
    listed = caught.value.listing
    assert (listed.width, listed.height) == (40, 40)
    assert [face.index for face in listed.faces] == [1, 2, 3]
    assert [face.box for face in listed.faces] == [_face(place).box for place in range(3)]
    assert [face.reasons for face in listed.faces] == [(), (), (QualityReason.TOO_DARK,)]
    assert "2 at (10, 4), 9×12 pixels, quality 1.00; 3 at (20, 4), 8×12 pixels, too_dark." in caught.value.message


def test_a_crowd_is_listed_whole_but_not_in_words(sampler: Sampler, stub: Any) -> None:
    with pytest.raises(SeveralFacesError, match=r"; and 22 smaller\.") as caught:
        sampler.sample(stub.picture(1, faces=30))
    assert len(caught.value.listing.faces) == 30
    assert len(caught.value.message) < 1_000


def test_a_face_is_chosen_by_its_index(sampler: Sampler, stub: Any) -> None:
    crops = {face: sampler.sample(stub.picture(1, faces=3), face=face).crop for face in (1, 2)}
    assert crops[1] != crops[2]


def test_a_chosen_face_that_is_not_good_enough_is_refused_with_its_reasons(sampler: Sampler, stub: Any) -> None:
    with pytest.raises(FaceQualityError, match="too_dark") as caught:
        sampler.sample(stub.picture(1, faces=3), face=3)
    assert caught.value.reasons == (QualityReason.TOO_DARK,)


@pytest.mark.parametrize("face", [0, -1, 4])
def test_a_face_that_is_not_there(sampler: Sampler, stub: Any, face: int) -> None:
    with pytest.raises(FaceUnknownError, match=f"There is no face {face} in the picture, which has 3") as caught:
        sampler.sample(stub.picture(1, faces=3), face=face)
    assert len(caught.value.listing.faces) == 3


@pytest.mark.parametrize("quarters", range(4))
def test_boxes_are_those_of_the_picture_before_it_was_turned(stub: Any, quarters: int) -> None:
    sent = np.zeros((60, 100), np.uint8)
    sent[10:25, 70:90] = 1
    turned = np.rot90(sent, -quarters)
    down, across = np.nonzero(turned)
    box = Box(
        x=float(across.min()),
        y=float(down.min()),
        width=float(np.ptp(across) + 1),
        height=float(np.ptp(down) + 1),
    )
    face = Face(box=box, landmarks=np.zeros((5, 2), np.float32), score=1.0)
    quality = stub.StubRecogniser().assess([np.zeros((1, 1, 3), np.uint8)], [face])[0]
    found = FoundFace(face=face, quality=quality, reasons=())
    image = np.repeat(turned[:, :, None], 3, axis=2)
    listed = listing(Photograph(image=image, faces=(found,), quarters=quarters))
    assert (listed.width, listed.height) == (100, 60)
    assert listed.faces[0].box == Box(x=70, y=10, width=20, height=15)


def test_every_reason_has_its_remedy(sampler: Sampler, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QualityGate, "judge", lambda *_, **__: tuple(QualityReason))
    with pytest.raises(FaceQualityError) as caught:
        sampler.sample(stub.picture(1))
    assert caught.value.reasons == tuple(QualityReason)
    assert caught.value.remedy.startswith("Please come closer")
