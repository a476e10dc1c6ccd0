"""Who compares: dlib's network, SFace, both together, or a researcher's own model. Each gives dissimilarities."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.extractor import DLIB, SFACE
from benchmarks.accuracy.model import Model
from benchmarks.accuracy.templates import Templates
from matcher.recognition.networks.sface import unit
from matcher.recognition.registry import DLIB_WEIGHT, model_digest

FUSION = "fusion"

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]
Whole = NDArray[np.int64]

_BLOCK = 1 << 16


class Metric(Enum):
    """ANGLE: 1 - cosine of vectors of length 1, 0 to 2. DISTANCE: Euclidean."""

    ANGLE = auto()
    DISTANCE = auto()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One embedder's share of a dissimilarity."""

    embedder: str
    metric: Metric
    weight: float = 1.0

    def vectors(self, templates: Templates) -> Floats:
        """(n, d), of length 1 where they are compared by their angle: the mean of several pictures' is shorter."""
        vectors = templates.vectors[self.embedder]
        return unit(vectors) if self.metric is Metric.ANGLE else vectors


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
            vectors = part.vectors(templates)
            for begin in range(0, len(together), _BLOCK):
                block = together[begin : begin + _BLOCK]
                first, second = (vectors[rows[block]].astype(np.float64) for rows in (one, other))
                apart[block] += part.weight * _apart(first, second, part.metric)
        return apart

    def against(self, templates: Templates, rows: Whole, columns: Whole) -> Floats:
        """(rows, columns) float32 between each of these and each of those; inf where a face was not found."""
        apart = np.zeros((len(rows), len(columns)), np.float32)
        for part in self.parts:
            vectors = part.vectors(templates)
            apart += np.float32(part.weight) * _all_apart(vectors[rows], vectors[columns], part.metric)
        apart[~templates.found[rows]] = np.inf
        apart[:, ~templates.found[columns]] = np.inf
        return apart


def comparators(models: Sequence[Model] = ()) -> tuple[Comparator, ...]:
    """The fusion that the service decides by, each embedder alone, and these models."""
    sface, dlib = Part(embedder=SFACE, metric=Metric.ANGLE), Part(embedder=DLIB, metric=Metric.DISTANCE)
    weighted = Part(embedder=DLIB, metric=Metric.DISTANCE, weight=DLIB_WEIGHT)
    own = [
        Comparator(name=model.name, digest=model.sha256, parts=(Part(embedder=model.name, metric=Metric.ANGLE),))
        for model in models
    ]
    return (
        Comparator(name=FUSION, digest=model_digest(), parts=(sface, weighted)),
        Comparator(name=SFACE, digest=model_digest(), parts=(sface,)),
        Comparator(name=DLIB, digest=model_digest(), parts=(dlib,)),
        *own,
    )


def _apart(one: Exact, other: Exact, metric: Metric) -> Exact:
    if metric is Metric.ANGLE:
        angle: Exact = np.maximum(1 - np.einsum("ij,ij->i", one, other), 0)
        return angle
    distance: Exact = np.linalg.norm(one - other, axis=1)
    return distance


def _all_apart(one: Floats, other: Floats, metric: Metric) -> Floats:
    products: Floats = one @ other.T
    if metric is Metric.ANGLE:
        return np.maximum(1 - products, 0)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * products
    distance: Floats = np.sqrt(np.maximum(squares, 0))
    return distance
