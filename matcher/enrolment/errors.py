"""Why a person is not enrolled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from matcher.errors import ClearglassError
from matcher.people.duplicate import DuplicateCheck

if TYPE_CHECKING:
    from matcher.enrolment.enrolment import RefusedPicture


class DifferentPersonError(ClearglassError):
    """A picture that seems to show somebody else than the person's other pictures."""

    code: ClassVar[str] = "different_person"


class EnrolmentError(ClearglassError):
    """None of the pictures could be used, or the request was malformed; nothing was written. refused: each examined
    picture with its reason."""

    code: ClassVar[str] = "enrolment_refused"

    def __init__(self, message: str, *, remedy: str, refused: "Sequence[RefusedPicture]" = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.refused = tuple(refused)


class LikelyDuplicateError(EnrolmentError):
    """The gallery seems to hold the person under another name. check: the check that found it, with the subjects who
    are not acknowledged."""

    code: ClassVar[str] = "likely_duplicate"

    def __init__(self, check: DuplicateCheck) -> None:
        seen = ", ".join(f"{one.subject_id} (dissimilarity {one.dissimilarity:.3f})" for one in check.duplicates)
        super().__init__(
            f"The person seems to be enrolled already, as subject {seen}.",
            remedy="If it is the same person, add the pictures to that subject. If it is somebody else, enrol again "
            "and acknowledge each of these subjects by its id.",
        )
        self.check = check
