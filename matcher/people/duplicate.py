"""A subject who seems to be the person to be enrolled, and the check that finds such subjects."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A subject who seems to be the person to be enrolled.

    dissimilarity: the least between a picture and one of the subject's references, `reference_id`.
    """

    subject_id: str
    reference_id: str
    dissimilarity: float


@dataclass(frozen=True, kw_only=True)
class DuplicateCheck:
    """The result of the check before an enrolment.

    searches: indexes of the request entries, one for each picture, in their order. duplicates: the subjects found, each
    once, the nearest first.
    """

    searches: tuple[int, ...]
    duplicates: tuple[Duplicate, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The ids of the subjects found, in the same order."""
        return tuple(duplicate.subject_id for duplicate in self.duplicates)
