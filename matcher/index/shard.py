"""The protocol of a shard, and the values that cross its border.

A shard holds templates and the index over them, and computes their scores. The rest of the gallery gives it sealed
templates and asks it for scores. Only plain values, bytes and arrays cross its border, and a shard copies them in both
directions, so that it can be another process. A shard knows no consents: the caller names the references in scope.

There are three protocols, so that each part of the house gets what it needs. The gallery keeps a shard in step with the
database, and can neither search nor compare (`TemplateFollower`). Enrolments and verifications compare a face with
references that they name (`Comparer`). Only identifications and replays search (`Shard`), and both log that first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.errors import ClearglassError
from matcher.people.template_source import TemplateFollower
from matcher.recognition.fusion import Dissimilarities
from matcher.recognition.template import Template


class ShardBehindError(ClearglassError):
    """A shard has not reached the gallery's revision that a search needs."""

    code: ClassVar[str] = "shard_behind"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredReferences:
    """n references, each compared with one probe. numbers: (n,). subjects: (n,), alike where the subject is the same.

    dissimilarities: (n,) of each.
    """

    numbers: Numbers
    subjects: Numbers
    dissimilarities: Dissimilarities

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, places: Numbers) -> "ScoredReferences":
        """Those at these places, in their order."""
        fused, scores = self.dissimilarities.fused, self.dissimilarities.scores
        return ScoredReferences(
            numbers=self.numbers[places],
            subjects=self.subjects[places],
            dissimilarities=Dissimilarities(
                fused=fused[places], scores={name: each[places] for name, each in scores.items()}
            ),
        )


class Comparer(Protocol):
    """Compares faces with references that the caller names. Several threads may use it at once."""

    def compare(self, probe: Template, numbers: Numbers, *, revision: int) -> ScoredReferences:
        """Compares the probe with the references of these numbers, in their order; unknown numbers are left out.

        numbers: (n,), each once. revision: the least revision of the gallery that will do. The probe must be of the
        shard's model. Raises ShardBehindError.
        """
        ...


class Shard(TemplateFollower, Comparer, Protocol):
    """Holds templates and searches them. Any number of threads may search while one applies a change."""

    @property
    def revision(self) -> int:
        """The gallery's revision that it has applied; 0 before it has loaded anything."""
        ...

    def search(
        self, probes: Sequence[Template], scope: Selection, k: int, *, revision: int
    ) -> Sequence[ScoredReferences]:
        """Finds for each probe the k references in scope nearest by the fusion's first embedder, the nearest first.

        probes: one or more. All embedders score what is found. An answer has fewer than k where the scope has fewer.
        The index of a large shard is approximate and may miss some. revision: as for `compare`.
        Raises ShardBehindError.
        """
        ...

    def close(self) -> None:
        """Ends what still runs. May be called twice."""
        ...


def require_revision(has: int, needs: int) -> None:
    """Raises ShardBehindError."""
    if has < needs:
        raise ShardBehindError(
            f"The templates in memory are at revision {has} of the gallery, and the search needs revision {needs}.",
            remedy="Try again in a moment. If it goes on, start the service again: a start loads all templates.",
        )
