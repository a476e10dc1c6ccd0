"""A photograph that somebody hands in: the faces in it, and which of them may be used."""

from dataclasses import dataclass

import numpy as np

from matcher.picture.pixel_array import Image
from matcher.recognition.errors import TooManyFacesError
from matcher.recognition.face import Face
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser

MOST_WORTH = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundFace:
    """A face in pixels of its photograph's image. reasons: why it may not be used; empty when it may."""

    face: Face
    quality: Quality
    reasons: tuple[QualityReason, ...]

    @property
    def upright(self) -> bool:
        """True if it stands upright; other reasons do not count."""
        return QualityReason.NOT_UPRIGHT not in self.reasons


@dataclass(frozen=True, kw_only=True, eq=False)
class Photograph:
    """image: the picture as its faces were found in it, a view of how it was sent. faces: the largest first.

    quarters: the number of quarter turns clockwise by which the picture was turned to make its faces upright, 0 to 3;
    boxes and landmarks are in pixels of the turned picture.
    """

    image: Image
    faces: tuple[FoundFace, ...]
    quarters: int = 0

    @property
    def worth(self) -> int:
        """MOST_WORTH where a face may be used, 1 where one stands upright, otherwise 0."""
        if any(not found.reasons for found in self.faces):
            return MOST_WORTH
        return int(any(found.upright for found in self.faces))


def find_faces(image: Image, recogniser: Recogniser, gate: QualityGate, *, most: int) -> Photograph:
    """Looks for faces in a picture and judges each. The picture is turned only where no face in it stands upright.

    Of its quarter turns, the first is taken in which a face may be used, or at least stands upright. most: how many
    faces are judged, since each takes some milliseconds. Raises TooManyFacesError.
    """
    best = _looked_at(image, 0, recogniser, gate, most)
    if best.worth:
        return best
    for quarters in (1, 2, 3):
        looked = _looked_at(np.rot90(image, -quarters), quarters, recogniser, gate, most)
        if looked.worth > best.worth:
            best = looked
        if best.worth == MOST_WORTH:
            break
    return best


def _looked_at(image: Image, quarters: int, recogniser: Recogniser, gate: QualityGate, most: int) -> Photograph:
    faces = recogniser.detect([image])[0]
    if len(faces) > most:
        raise TooManyFacesError(
            f"The picture shows {len(faces):,} faces; at most {most:,} are looked at.",
            remedy="Cut the picture into parts.",
            faces=len(faces),
        )
    same = [image] * len(faces)
    found = zip(faces, recogniser.assess(same, faces), recogniser.orientations(same, faces), strict=True)
    return Photograph(
        image=image,
        faces=tuple(
            FoundFace(face=face, quality=quality, reasons=gate.judge(quality, upright=turns == 0))
            for face, quality, turns in found
        ),
        quarters=quarters,
    )
