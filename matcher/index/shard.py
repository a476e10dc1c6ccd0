"""The protocol of a shard, and what crosses its border: plain values, bytes and arrays, and none is shared.

A shard is templates, the index over them, and the scores of both: what else there is of the gallery gives it sealed
templates and asks it for scores. What it is handed it copies, and what it gives is a copy, so that a shard may as well
be another process. It is told which references a search may look at, and knows no consent.

Three protocols, so that each part of the house gets what it needs: the gallery, which keeps a shard in step with the
database, can neither search nor compare (`TemplateFollower`); a verification, or an enrolment, compares a face with
references that it names (`Comparer`); only identifications and their replay search, and both log that before.
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
    """A shard has not applied the change of the gallery that a search builds on."""

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
    """Compares faces with references that the caller names. Safe to use from several threads."""

    def compare(self, probe: Template, numbers: Numbers, *, revision: int) -> ScoredReferences:
        """The probe and the references with these numbers, (n,) each once, in their order; unknown ones are left out.

        revision: of the gallery, at least. Raises ShardBehindError. The probe is of the shard's model.
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
        """For each probe the k references in scope that are nearest by the fusion's first embedder, nearest first.

        probes: one or more. All embedders score what is found. There are fewer than k where the scope has fewer; the
        index of a large shard may miss some. revision: as for `compare`. Raises ShardBehindError.
        """
        ...

    def close(self) -> None:
        """Ends what it still does. Safe to call twice."""
        ...


def require_revision(has: int, needs: int) -> None:
    """Raises ShardBehindError."""
    if has < needs:
        raise ShardBehindError(
            f"The templates in memory are at revision {has} of the gallery, and the search needs revision {needs}.",
            remedy="Try again in a moment. If it goes on, start the service again: a start loads all templates.",
        )
