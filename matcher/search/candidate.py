"""What a search answers with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from matcher.people.reference import KnownReference
from matcher.recognition.fusion import Dissimilarity
from matcher.recognition.operating_point import OperatingPoint


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A subject at or below the threshold. Dissimilarities: lower is closer; they are no probabilities.

    dissimilarity: fused, the one the threshold is on. scores: of each embedder by itself, by its name.
    """

    subject_id: str
    reference_id: str
    rank: int
    dissimilarity: float
    scores: Mapping[str, float]

    @classmethod
    def of(cls, reference: KnownReference, score: Dissimilarity, *, rank: int) -> Self:
        """The subject whose reference it is."""
        return cls(
            subject_id=reference.subject_id,
            reference_id=reference.id,
            rank=rank,
            dissimilarity=score.fused,
            scores=score.scores,
        )


@dataclass(frozen=True, kw_only=True)
class CandidateList:
    """The answer to one identification, with the two log entries that prove it.

    searched: references whose consent covered this search. gallery_size: all references in the index.
    """

    candidates: tuple[Candidate, ...]
    operating_point: OperatingPoint
    request_index: int
    outcome_index: int
    started_at: datetime
    ended_at: datetime
    searched: int
    gallery_size: int
    gallery_revision: int


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The answer to a one-to-one comparison."""

    mated: bool
    dissimilarity: float
    scores: Mapping[str, float]
    operating_point: OperatingPoint
    request_index: int
    outcome_index: int
