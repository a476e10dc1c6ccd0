"""The nearest references of a probe: one embedder brings a shortlist forward, and all of them score it."""

from collections.abc import Sequence

import numpy as np

from matcher.columns.selection import Selection
from matcher.index.shard import ScoredReferences, Shard
from matcher.recognition.fusion import Dissimilarity
from matcher.recognition.template import Template

SHORTLIST = 50
"""How many references the searched embedder brings forward to be scored by all."""

WIDEST_SHORTLIST = 3_200
"""How many at most, where the references of few subjects fill the shortlist."""

Match = tuple[int, Dissimilarity]
"""A reference's number, and how far the probe is from it."""


class Shortlister:
    """Searches a shard, and takes of what it brings forward what is near enough."""

    def __init__(self, shard: Shard, *, subjects: int, length: int = SHORTLIST) -> None:
        """subjects: how many different ones a shortlist has at least, if there are so many. length: its references."""
        self._shard = shard
        self._subjects = subjects
        self._length = length

    def matches(
        self, probes: Sequence[Template], selection: Selection, threshold: float, *, revision: int
    ) -> list[list[Match]]:
        """For each probe the selected references at or below the threshold, nearest first, equal ones by number.

        revision: the gallery's, of which the selection is. Raises ShardBehindError.
        """
        widest = min(len(selection), WIDEST_SHORTLIST)
        if not widest:
            return [[] for _ in probes]
        found = self._shard.search(probes, selection, self._length, revision=revision)
        return [
            _near(self._several(probe, shortlist, selection, widest, revision), threshold)
            for probe, shortlist in zip(probes, found, strict=True)
        ]

    def _several(
        self, probe: Template, shortlist: ScoredReferences, selection: Selection, widest: int, revision: int
    ) -> ScoredReferences:
        """The shortlist, made longer until one subject's many references do not keep all others out."""
        width = self._length
        while width < widest and len(set(shortlist.subjects.tolist())) < self._subjects:
            width *= 4
            (shortlist,) = self._shard.search([probe], selection, width, revision=revision)
        return shortlist


def _near(shortlist: ScoredReferences, threshold: float) -> list[Match]:
    scores = shortlist.dissimilarities
    places = np.flatnonzero(scores.fused <= threshold)
    if not len(places):
        return []
    ordered = places[np.lexsort((shortlist.numbers[places], scores.fused[places]))]
    return [(int(shortlist.numbers[place]), scores.at(place)) for place in ordered]
