"""What can be wrong with a picture's faces, where exactly one good face is needed."""

from typing import ClassVar

from matcher.errors import ClearglassError
from matcher.recognition.face_listing import FaceListing
from matcher.recognition.quality import QualityReason


class NoFaceError(ClearglassError):
    """No face was found in a picture that should show one."""

    code: ClassVar[str] = "no_face"


class SeveralFacesError(ClearglassError):
    """More than one face was found where one is needed, and none was chosen. listing: the faces to choose from."""

    code: ClassVar[str] = "several_faces"

    def __init__(self, message: str, *, remedy: str, listing: FaceListing) -> None:
        super().__init__(message, remedy=remedy)
        self.listing = listing


class FaceUnknownError(ClearglassError):
    """The picture has no face with the index that was chosen. listing: the faces that it has."""

    code: ClassVar[str] = "face_unknown"

    def __init__(self, message: str, *, remedy: str, listing: FaceListing) -> None:
        super().__init__(message, remedy=remedy)
        self.listing = listing


class TooManyFacesError(ClearglassError):
    """A picture has more faces than are judged or searched for in one call. faces: how many it has."""

    code: ClassVar[str] = "too_many_faces"

    def __init__(self, message: str, *, remedy: str, faces: int) -> None:
        super().__init__(message, remedy=remedy)
        self.faces = faces


class FaceQualityError(ClearglassError):
    """The face was found but is not good enough to be used; `reasons` says why."""

    code: ClassVar[str] = "face_quality"

    def __init__(self, message: str, *, remedy: str, reasons: tuple[QualityReason, ...]) -> None:
        super().__init__(message, remedy=remedy)
        self.reasons = reasons
