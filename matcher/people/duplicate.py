"""Somebody who is in the gallery already, met again at an enrolment; and the check that looks for them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A subject who seems to be the person to be enrolled.

    dissimilarity: the least between a picture and a reference of theirs, which is `reference_id`.
    """

    subject_id: str
    reference_id: str
    dissimilarity: float


@dataclass(frozen=True, kw_only=True)
class DuplicateCheck:
    """What the check before an enrolment came to.

    searches: indexes of the request entries, one for each picture, in their order. duplicates: other subjects that were
    found, each once, the nearest first.
    """

    searches: tuple[int, ...]
    duplicates: tuple[Duplicate, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The ids of those who were found, in the same order."""
        return tuple(duplicate.subject_id for duplicate in self.duplicates)
