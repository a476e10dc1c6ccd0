"""Several embedders' opinions become one number to hold a threshold against."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.recognition.template import ModelMismatchError, Template

Floats = NDArray[np.float32]
Exact = NDArray[np.float64]


class Metric(StrEnum):
    """How the vectors of an embedder are compared."""

    COSINE = "cosine"
    """1 - cosine of vectors of length 1: 0 to 2."""

    EUCLIDEAN = "euclidean"
    """The distance."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One embedder's share of a dissimilarity.

    embedder: its name. dimension: of its vectors. longest: the greatest length that such a vector has; 1 exactly where
    the metric is the cosine. weight: what its own dissimilarity is multiplied by.
    """

    embedder: str
    dimension: int
    metric: Metric
    weight: float = 1.0
    longest: float = 1.0

    def dissimilarities(self, probe: Floats, vectors: Floats) -> Exact:
        """(n,) between the probe's (d,) vector and each of (n, d) vectors, before the weight.

        Each is the same whatever the other vectors are.
        """
        if self.metric is Metric.COSINE:
            # A matrix product would sum a row in an order that depends on how many rows there are, and on its place.
            angle: Exact = np.maximum(1 - np.einsum("nd,d->n", vectors, probe, dtype=np.float64), 0)
            return angle
        distance: Exact = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        return distance

    def fits(self, vector: Floats) -> bool:
        """Whether the embedder may have made this vector: its dimension and its length are right."""
        if vector.shape != (self.dimension,):
            return False
        # The square of a float32 may be more than one holds.
        length = float(np.linalg.norm(vector.astype(np.float64)))
        return abs(length - 1) <= _UNIT if self.metric is Metric.COSINE else length <= self.longest


_UNIT = 1e-3
"""How far from 1 the length of a vector may be that was brought to length 1 in float32."""


def read_weights(record: Mapping[str, Any]) -> dict[str, float]:
    """The weights of a fusion by embedder, as a JSON file has them. Raises KeyError, TypeError or ValueError.

    Files of before there were other fusions give but dlib's weight beside SFace's, which was 1.
    """
    named = {"sface": 1.0, "dlib": record["dlib_weight"]} if "dlib_weight" in record else record["weights"]
    if not named or not all(math.isfinite(weight) and weight > 0 for weight in named.values()):
        raise ValueError("the weights of a fusion are numbers above 0")
    return {str(name): float(weight) for name, weight in named.items()}


@dataclass(frozen=True, kw_only=True)
class Dissimilarity:
    """How far apart two faces are; lower is closer, and none of it is a probability.

    fused: the sum of the parts' own dissimilarities times their weights. scores: those dissimilarities, by embedder.
    """

    fused: float
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dissimilarities:
    """Of one probe and n templates. fused: (n,). scores: (n,) by embedder."""

    fused: Exact
    scores: Mapping[str, Exact]

    def each(self) -> list[Dissimilarity]:
        """One by one."""
        return [self.at(place) for place in range(len(self.fused))]

    def at(self, place: int) -> Dissimilarity:
        """That with the template at this place."""
        scores = {name: float(each[place]) for name, each in self.scores.items()}
        return Dissimilarity(fused=float(self.fused[place]), scores=scores)


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """What decides how far apart two faces are. The vectors of the first part are those that an index searches."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for no parts, two of one embedder, weights that are none, or a first part that an index by
        inner product cannot search."""
        if not self.parts or len(self.dimensions) != len(self.parts):
            raise ValueError("a fusion has at least one part, and each embedder once")
        if not all(math.isfinite(part.weight) and part.weight > 0 for part in self.parts):
            raise ValueError("the weights of a fusion are numbers above 0")
        if self.searched.metric is not Metric.COSINE:
            raise ValueError("the first part of a fusion is searched by the cosine")

    @property
    def searched(self) -> Part:
        """The part by which references are found."""
        return self.parts[0]

    @cached_property
    def dimensions(self) -> Mapping[str, int]:
        """Of the vectors, by embedder, in the order of the parts."""
        return {part.embedder: part.dimension for part in self.parts}

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """By embedder."""
        return {part.embedder: part.weight for part in self.parts}

    def fits(self, template: Template) -> bool:
        """Whether the template has one vector of each embedder, each as that embedder makes it."""
        return list(template.vectors) == list(self.dimensions) and all(
            part.fits(template.vectors[part.embedder]) for part in self.parts
        )

    def compare(self, a: Template, b: Template) -> Dissimilarity:
        """How far apart two faces are. Raises ModelMismatchError if different models made the templates."""
        return self.compare_all(a, [b])[0]

    def compare_all(self, probe: Template, templates: Sequence[Template]) -> list[Dissimilarity]:
        """How far the probe is from each template. Raises ModelMismatchError if another model made any of them."""
        for template in templates:
            if template.model_digest != probe.model_digest:
                raise ModelMismatchError(
                    f"Templates of different models cannot be compared: {probe.model_digest[:12]} made one, "
                    f"{template.model_digest[:12]} the other.",
                    remedy="Enrol again with the present model.",
                )
        if not templates:
            return []
        vectors = {name: np.stack([one.vectors[name] for one in templates]) for name in self.dimensions}
        return self.compare_vectors(probe, vectors).each()

    def compare_vectors(self, probe: Template, vectors: Mapping[str, Floats]) -> Dissimilarities:
        """How far the probe is from n templates of its own model, given as (n, d) vectors by embedder."""
        scores = {
            part.embedder: part.dissimilarities(probe.vectors[part.embedder], vectors[part.embedder])
            for part in self.parts
        }
        fused: Exact = np.sum([part.weight * scores[part.embedder] for part in self.parts], axis=0)
        return Dissimilarities(fused=fused, scores=scores)
