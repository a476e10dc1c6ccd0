"""Finds the nearest references of a probe: one embedder selects a shortlist, and all embedders score it."""

from collections.abc import Sequence

import numpy as np

from matcher.columns.selection import Selection
from matcher.index.shard import ScoredReferences, Shard
from matcher.recognition.fusion import Dissimilarity
from matcher.recognition.template import Template

SHORTLIST_LENGTH = 50
"""The number of references that the searched embedder selects, for all embedders to score."""

WIDEST_SHORTLIST = 3_200
"""The greatest length of a shortlist, which it reaches if the references of few subjects fill it."""

Match = tuple[int, Dissimilarity]
"""A reference's number, and its dissimilarity to the probe."""


class Shortlister:
    """Searches a shard, and keeps the references at or below the threshold."""

    def __init__(self, shard: Shard, *, subjects: int, length: int = SHORTLIST_LENGTH) -> None:
        """subjects: the least number of different subjects in a shortlist, if the selection has that many. length: the
        number of references in a shortlist, before it is lengthened."""
        self._shard = shard
        self._subjects = subjects
        self._length = length

    def matches(
        self, probes: Sequence[Template], selection: Selection, threshold: float, *, revision: int
    ) -> list[list[Match]]:
        """Returns for each probe the selected references at or below the threshold.

        They are sorted by dissimilarity, equal ones by number. revision: the revision of the gallery from which the
        selection was made. Raises ShardBehindError.
        """
        widest = min(len(selection), WIDEST_SHORTLIST)
        if not widest:
            return [[] for _ in probes]
        found = self._shard.search(probes, selection, self._length, revision=revision)
        return [
            _within_threshold(self._several(probe, shortlist, selection, widest, revision), threshold)
            for probe, shortlist in zip(probes, found, strict=True)
        ]

    def _several(
        self, probe: Template, shortlist: ScoredReferences, selection: Selection, widest: int, revision: int
    ) -> ScoredReferences:
        """Lengthens the shortlist until it has enough subjects: one subject's many references could fill it."""
        width = self._length
        while width < widest and len(set(shortlist.subjects.tolist())) < self._subjects:
            width *= 4
            (shortlist,) = self._shard.search([probe], selection, width, revision=revision)
        return shortlist


def _within_threshold(shortlist: ScoredReferences, threshold: float) -> list[Match]:
    scores = shortlist.dissimilarities
    places = np.flatnonzero(scores.fused <= threshold)
    if not len(places):
        return []
    ordered = places[np.lexsort((shortlist.numbers[places], scores.fused[places]))]
    return [(int(shortlist.numbers[place]), scores.at(place)) for place in ordered]
