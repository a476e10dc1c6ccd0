"""The nearest references of a probe: one embedder brings a shortlist forward, and all of them score it."""

from collections.abc import Sequence

import numpy as np

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers, Vectors
from matcher.index.index import Searcher
from matcher.index.templates import Templates
from matcher.people.gallery import Gallery
from matcher.recognition.fusion import Dissimilarity, Fusion
from matcher.recognition.template import Template

SHORTLIST = 50
"""How many references the searched embedder brings forward to be scored by all."""

WIDEST_SHORTLIST = 3_200
"""How many at most, where the references of few subjects fill the shortlist."""

Match = tuple[int, Dissimilarity]
"""A reference's number, and how far the probe is from it."""


class Shortlister:
    """Compares probes with what an index finds for them."""

    def __init__(self, searcher: Searcher, gallery: Gallery, fusion: Fusion, *, subjects: int) -> None:
        """subjects: how many different ones a shortlist shows at least, if there are so many."""
        self._searcher = searcher
        self._gallery = gallery
        self._fusion = fusion
        self._subjects = subjects

    def matches(self, probes: Sequence[Template], selection: Selection, threshold: float) -> list[list[Match]]:
        """For each probe the selected references at or below the threshold, nearest first, equal ones by number."""
        if not len(selection):
            return [[] for _ in probes]
        searched = self._fusion.searched.embedder
        vectors = np.stack([probe.vectors[searched] for probe in probes], dtype=np.float32)
        neighbours = self._searcher.search(vectors, SHORTLIST, allowed=selection)
        return [
            self._near(probe, self._several(vector[None, :], numbers, selection), threshold)
            for probe, vector, numbers in zip(probes, vectors, neighbours.numbers, strict=True)
        ]

    def _several(self, vector: Vectors, numbers: Numbers, selection: Selection) -> Templates:
        """The shortlist, made longer until one subject's many references do not keep all others out."""
        templates, width = self._gallery.templates(numbers), SHORTLIST
        while width < min(len(selection), WIDEST_SHORTLIST) and len(set(templates.subjects.tolist())) < self._subjects:
            width *= 4
            neighbours = self._searcher.search(vector, width, allowed=selection)
            templates = self._gallery.templates(neighbours.numbers[0])
        return templates

    def _near(self, probe: Template, shortlist: Templates, threshold: float) -> list[Match]:
        scores = self._fusion.compare_vectors(probe, shortlist.vectors)
        places = np.flatnonzero(scores.fused <= threshold)
        if not len(places):
            return []
        ordered = places[np.lexsort((shortlist.numbers[places], scores.fused[places]))]
        return [(int(shortlist.numbers[place]), scores.at(place)) for place in ordered]
