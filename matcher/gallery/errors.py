"""Why a change of the gallery was refused."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from matcher.errors import ClearglassError
from matcher.gallery.duplicate import DuplicateCheck

if TYPE_CHECKING:
    from matcher.gallery.enrolment import RefusedPicture


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
    """None of the pictures could be used, or the request was malformed; nothing was written. refused: the pictures,
    each with its reason, where they were looked at."""

    code: ClassVar[str] = "enrolment_refused"

    def __init__(self, message: str, *, remedy: str, refused: "Sequence[RefusedPicture]" = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.refused = tuple(refused)


class LikelyDuplicateError(EnrolmentError):
    """The gallery seems to hold the person under another name. check: what found that, with those subjects in it whom
    nobody has acknowledged."""

    code: ClassVar[str] = "likely_duplicate"

    def __init__(self, check: DuplicateCheck) -> None:
        seen = ", ".join(f"{one.subject_id} (dissimilarity {one.dissimilarity:.3f})" for one in check.duplicates)
        super().__init__(
            f"The person seems to be enrolled already, as subject {seen}.",
            remedy="If it is the same person, add the pictures to that subject. If it is somebody else, enrol again "
            "and acknowledge each of these subjects by its id.",
        )
        self.check = check
