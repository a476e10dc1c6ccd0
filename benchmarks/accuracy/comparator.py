"""Comparators: dlib's network, SFace, both together, or a researcher's own model. Each gives dissimilarities."""

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
    """name: of its column in score files. digest: hex SHA-256 of the model. The parts' dissimilarities are added."""

    name: str
    digest: str
    parts: tuple[Part, ...]

    def pairs(self, templates: Templates, one: Whole, other: Whole) -> Exact:
        """(n,) between rows one[i] and other[i]; inf where a face was not found."""
        apart = np.full(len(one), np.inf)
        together = np.flatnonzero(templates.found[one] & templates.found[other])
        apart[together] = 0
        for part in self.parts:
            vectors = vectors_of(part, templates)
            for begin in range(0, len(together), _BLOCK):
                block = together[begin : begin + _BLOCK]
                first, second = (vectors[rows[block]].astype(np.float64) for rows in (one, other))
                apart[block] += part.weight * _apart(first, second, part.metric)
        return apart

    def against(self, templates: Templates, rows: Whole, columns: Whole) -> Floats:
        """(rows, columns) float32 between each of these and each of those; inf where a face was not found."""
        apart = np.zeros((len(rows), len(columns)), np.float32)
        for part in self.parts:
            vectors = vectors_of(part, templates)
            apart += np.float32(part.weight) * _all_apart(vectors[rows], vectors[columns], part.metric)
        apart[~templates.found[rows]] = np.inf
        apart[:, ~templates.found[columns]] = np.inf
        return apart


def comparators(entries: Sequence[EmbedderEntry] = (), model: FaceModel | None = None) -> tuple[Comparator, ...]:
    """The model's fusion, each embedder of the default fusion alone, and these embedders.

    model: None is the default one.
    """
    default = FaceModel()
    model = default if model is None else model
    alone = [
        Comparator(name=part.embedder, digest=default.digest, parts=(replace(part, weight=1.0),))
        for part in default.fusion.parts
    ]
    own = [Comparator(name=entry.name, digest=entry.sha256, parts=(entry.part(weight=1.0),)) for entry in entries]
    return (Comparator(name=FUSION, digest=model.digest, parts=model.fusion.parts), *alone, *own)


def vectors_of(part: Part, templates: Templates) -> Floats:
    """(n, d), of length 1 where they are compared by their angle: the mean of several pictures' is shorter."""
    vectors = templates.vectors[part.embedder]
    return unit(vectors) if part.metric is Metric.COSINE else vectors


def _apart(one: Exact, other: Exact, metric: Metric) -> Exact:
    if metric is Metric.COSINE:
        angle: Exact = np.maximum(1 - np.einsum("ij,ij->i", one, other), 0)
        return angle
    distance: Exact = np.linalg.norm(one - other, axis=1)
    return distance


def _all_apart(one: Floats, other: Floats, metric: Metric) -> Floats:
    products: Floats = one @ other.T
    if metric is Metric.COSINE:
        return np.maximum(1 - products, 0)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * products
    distance: Floats = np.sqrt(np.maximum(squares, 0))
    return distance
