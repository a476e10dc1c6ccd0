"""Comparators: dlib's network, SFace, their fusion, or a researcher's own model. Each gives dissimilarities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.templates import Templates
from matcher.recognition.embedder_entry import EmbedderEntry
from matcher.recognition.face_model import FaceModel
from matcher.recognition.fusion import Metric, Part
from matcher.recognition.networks.sface import unit

FUSION = "fusion"

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]
Whole = NDArray[np.int64]

_BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Comparator:
    """name: the name of its column in score files. digest: hex SHA-256 of the model. Its dissimilarity is the weighted
    sum over its parts."""

    name: str
    digest: str
    parts: tuple[Part, ...]

    def pairs(self, templates: Templates, one: Whole, other: Whole) -> Exact:
        """Returns the n dissimilarities between row one[i] and row other[i]; inf if either face was not found."""
        dissimilarity = np.full(len(one), np.inf)
        both_found = np.flatnonzero(templates.found[one] & templates.found[other])
        dissimilarity[both_found] = 0
        for part in self.parts:
            vectors = vectors_of(part, templates)
            for begin in range(0, len(both_found), _BLOCK):
                block = both_found[begin : begin + _BLOCK]
                first, second = (vectors[rows[block]].astype(np.float64) for rows in (one, other))
                dissimilarity[block] += part.weight * _dissimilarities(first, second, part.metric)
        return dissimilarity

    def against(self, templates: Templates, rows: Whole, columns: Whole) -> Floats:
        """Returns the (rows, columns) matrix of dissimilarities of each row sample to each column sample.

        The matrix is float32; inf if either face was not found.
        """
        dissimilarity = np.zeros((len(rows), len(columns)), np.float32)
        for part in self.parts:
            vectors = vectors_of(part, templates)
            dissimilarity += np.float32(part.weight) * _dissimilarity_matrix(
                vectors[rows], vectors[columns], part.metric
            )
        dissimilarity[~templates.found[rows]] = np.inf
        dissimilarity[:, ~templates.found[columns]] = np.inf
        return dissimilarity


def comparators(entries: Sequence[EmbedderEntry] = (), model: FaceModel | None = None) -> tuple[Comparator, ...]:
    """Returns the model's fusion, each embedder of the default fusion alone, and each embedder in `entries`.

    model: None stands for the default model.
    """
    default = FaceModel()
    model = default if model is None else model
    single = [
        Comparator(name=part.embedder, digest=default.digest, parts=(replace(part, weight=1.0),))
        for part in default.fusion.parts
    ]
    own = [Comparator(name=entry.name, digest=entry.sha256, parts=(entry.part(weight=1.0),)) for entry in entries]
    return (Comparator(name=FUSION, digest=model.digest, parts=model.fusion.parts), *single, *own)


def vectors_of(part: Part, templates: Templates) -> Floats:
    """Returns (n, d) vectors, normalised if the metric is cosine, because the mean of several unit vectors is shorter
    than 1."""
    vectors = templates.vectors[part.embedder]
    return unit(vectors) if part.metric is Metric.COSINE else vectors


def _dissimilarities(one: Exact, other: Exact, metric: Metric) -> Exact:
    if metric is Metric.COSINE:
        one_minus_cosine: Exact = np.maximum(1 - np.einsum("ij,ij->i", one, other), 0)
        return one_minus_cosine
    distance: Exact = np.linalg.norm(one - other, axis=1)
    return distance


def _dissimilarity_matrix(one: Floats, other: Floats, metric: Metric) -> Floats:
    products: Floats = one @ other.T
    if metric is Metric.COSINE:
        return np.maximum(1 - products, 0)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * products
    distance: Floats = np.sqrt(np.maximum(squares, 0))
    return distance
