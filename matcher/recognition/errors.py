"""What can be wrong with a picture's faces, for whoever asks for exactly one good one."""

from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.quality import QualityReason


class NoFaceError(ClearglassError):
    """No face was found in a picture that should show one."""

    code: ClassVar[str] = "no_face"


class SeveralFacesError(ClearglassError):
    """More than one face was found in a picture that should show one person."""

    code: ClassVar[str] = "several_faces"


class FaceQualityError(ClearglassError):
    """The face was found but is not good enough to be used; `reasons` says why."""

    code: ClassVar[str] = "face_quality"

    def __init__(self, message: str, *, remedy: str, reasons: tuple[QualityReason, ...]) -> None:
        super().__init__(message, remedy=remedy)
        self.reasons = reasons
