"""Why a change of the gallery was refused."""

from typing import TYPE_CHECKING, ClassVar

from matcher.errors import ClearglassError

if TYPE_CHECKING:
    pass


class GalleryError(ClearglassError):
    """A request that the gallery cannot meet."""

    code: ClassVar[str] = "gallery"


class SubjectUnknownError(GalleryError):
    """No subject has this id."""

    code: ClassVar[str] = "subject_unknown"


class SubjectWithdrawnError(GalleryError):
    """The subject has withdrawn; nothing of them is left to work with."""

    code: ClassVar[str] = "subject_withdrawn"


class ErasurePendingError(GalleryError):
    """It is deleted and cannot be found any more, but old bytes still wait to be overwritten."""

    code: ClassVar[str] = "erasure_pending"


class ReferenceUnknownError(GalleryError):
    """No reference has this id."""

    code: ClassVar[str] = "reference_unknown"


class DeclarationInvalidError(GalleryError):
    """The attributes of a declaration are empty, too many, or no plain text."""

    code: ClassVar[str] = "declaration_invalid"


class DeclarationUnknownError(GalleryError):
    """The subject has declared nothing."""

    code: ClassVar[str] = "declaration_unknown"
