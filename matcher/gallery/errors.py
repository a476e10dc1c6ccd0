"""Why a change of the gallery was refused."""

from typing import ClassVar

from matcher.errors import ClearglassError


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
    """It is forgotten and nothing finds it any more, but old bytes still wait to be overwritten."""

    code: ClassVar[str] = "erasure_pending"


class ReferenceUnknownError(GalleryError):
    """No reference has this id."""

    code: ClassVar[str] = "reference_unknown"


class ConsentError(GalleryError):
    """A consent that is not good enough."""

    code: ClassVar[str] = "consent"


class ConsentUnknownError(ConsentError):
    """No consent has this id."""

    code: ClassVar[str] = "consent_unknown"


class ConsentRequiredError(ConsentError):
    """No consent covers what was asked, now."""

    code: ClassVar[str] = "consent_required"


class ConsentExpiredError(ConsentError):
    """The consent's time is over."""

    code: ClassVar[str] = "consent_expired"


class ConsentInvalidError(ConsentError):
    """The consent record is incomplete or contradicts itself."""

    code: ClassVar[str] = "consent_invalid"


class DeclarationInvalidError(GalleryError):
    """What somebody would declare of themselves is empty, too much, or no plain text."""

    code: ClassVar[str] = "declaration_invalid"


class DeclarationUnknownError(GalleryError):
    """The subject has declared nothing."""

    code: ClassVar[str] = "declaration_unknown"


class DifferentPersonError(GalleryError):
    """A picture that seems to show somebody else than the person's other pictures."""

    code: ClassVar[str] = "different_person"


class EnrolmentError(GalleryError):
    """None of the pictures could be used, or the request was malformed; nothing was written."""

    code: ClassVar[str] = "enrolment_refused"
