"""A photograph that somebody hands in: the faces in it, and which of them may be used."""

from dataclasses import dataclass

from matcher.recognition.face import Face, Image
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundFace:
    """A face in pixels of its photograph's image. reasons: why it may not be used; empty when it may."""

    face: Face
    quality: Quality
    reasons: tuple[QualityReason, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Photograph:
    """image: the picture as its faces were found in it. faces: the largest first."""

    image: Image
    faces: tuple[FoundFace, ...]


def find_faces(image: Image, recogniser: Recogniser, gate: QualityGate) -> Photograph:
    """Looks for faces in a picture and judges each."""
    faces = recogniser.detect([image])[0]
    qualities = recogniser.assess([image] * len(faces), faces)
    return Photograph(
        image=image,
        faces=tuple(
            FoundFace(face=face, quality=quality, reasons=gate.judge(quality))
            for face, quality in zip(faces, qualities, strict=True)
        ),
    )
