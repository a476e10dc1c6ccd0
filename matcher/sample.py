"""From a picture that somebody hands in to the one good face in it, for enrolment and for a search alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.photograph import FoundFace, Photograph, find_faces
from matcher.recognition.errors import FaceQualityError, NoFaceError, SeveralFacesError
from matcher.recognition.face import Image
from matcher.recognition.image import crop_face, decode_image, encode_jpeg
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.template import Template

_REMEDY = {
    QualityReason.TOO_SMALL: "come closer or use a larger picture",
    QualityReason.BLURRED: "use a sharper picture",
    QualityReason.TURNED: "look towards the camera",
    QualityReason.TOO_DARK: "use more light",
    QualityReason.TOO_BRIGHT: "use less light",
    QualityReason.CUT_OFF: "show the whole face",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceSample:
    """One face that passed the gate: its template, its quality, and a JPEG of it with some margin."""

    template: Template
    quality: Quality
    crop: bytes


class Sampler:
    """Finds the one face of a picture, judges it and extracts its template."""

    def __init__(self, recogniser: Recogniser, gate: QualityGate) -> None:
        self.recogniser = recogniser
        self.gate = gate

    def sample(self, data: bytes, *, largest: bool = False) -> FaceSample:
        """The face in a JPEG, PNG or WebP picture. largest: where there are several, the largest.

        Raises an image error (see `decode_image`), NoFaceError, SeveralFacesError or FaceQualityError.
        """
        photograph = self.photograph(data)
        return self._sample_of(photograph.image, _only(photograph.faces, largest=largest))

    def photograph(self, data: bytes) -> Photograph:
        """All faces of a picture, none of them searched for. Raises an image error."""
        return find_faces(decode_image(data), self.recogniser, self.gate)

    def _sample_of(self, image: Image, found: FoundFace) -> FaceSample:
        """Raises FaceQualityError."""
        reasons = found.reasons
        if reasons:
            raise FaceQualityError(
                f"The face is not good enough: {', '.join(reasons)}.",
                remedy=f"Please {', '.join(_REMEDY[reason] for reason in reasons)}.",
                reasons=reasons,
            )
        template = self.recogniser.extract([image], [found.face])[0]
        return FaceSample(template=template, quality=found.quality, crop=encode_jpeg(crop_face(image, found.face)))


def _only(faces: Sequence[FoundFace], *, largest: bool) -> FoundFace:
    if not faces:
        raise NoFaceError("No face was found in the picture.", remedy="Use a picture that shows one face clearly.")
    if len(faces) > 1 and not largest:
        raise SeveralFacesError(
            f"{len(faces)} faces were found in the picture where one is needed.",
            remedy="Use a picture of one person, or cut it so that one face is left.",
        )
    return faces[0]
