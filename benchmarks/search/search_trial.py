"""Galleries drawn from a model of embeddings, the probes that they are searched with, and their comparison with real
embeddings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.embedding_model import EmbeddingModel, Floats, Whole

SEED = 7
REFERENCES_EACH = 3
LET_THROUGH = (1.0, 0.1, 0.01)
QUANTILES = (1, 5, 50, 95, 99)


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """New pictures of subjects who are let through. mated: whose. mask: which vectors are let through; None for all."""

    probes: Floats
    mated: Whole
    mask: NDArray[np.bool_] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One gallery and its probes. whose: each vector's subject. asked: by share of subjects let through."""

    vectors: Floats
    whose: Whole
    asked: Mapping[float, Asked]
    strangers: Floats

    @property
    def probes(self) -> Floats:
        """Those for whom all are let through."""
        return self.asked[1.0].probes


def draw(model: EmbeddingModel, size: int, probes: int) -> Trial:
    """A gallery of about `size` references, with new pictures of some of its subjects and of strangers."""
    count = size // REFERENCES_EACH
    people = model.subjects(count, seed=SEED)
    whose = np.repeat(np.arange(count), REFERENCES_EACH)
    random = np.random.default_rng(SEED)
    asked = {}
    for step, share in enumerate(LET_THROUGH):
        let_through = random.random(count) < share
        inside = np.flatnonzero(let_through)
        mated = random.choice(inside, min(probes, len(inside)), replace=False)
        asked[share] = Asked(
            probes=model.templates(people, mated, seed=SEED + 2 + step),
            mated=mated,
            mask=None if share == 1 else let_through[whose],
        )
    most = len(asked[1.0].mated)
    return Trial(
        vectors=model.templates(people, whose, seed=SEED),
        whose=whose,
        asked=asked,
        strangers=model.templates(model.subjects(most, seed=SEED + 1), np.arange(most), seed=SEED + 1),
    )


def likeness(model: EmbeddingModel, vectors: Floats, person: Whole) -> dict[str, Any]:
    """Quantiles of the similarity of mated and of non-mated pairs, as drawn and as they really are."""
    count = 2_000
    drawn = model.templates(model.subjects(count, seed=SEED), np.repeat(np.arange(count), 2), seed=SEED)
    return {
        "quantiles": QUANTILES,
        "drawn": _pairs(drawn, np.repeat(np.arange(count), 2)),
        "real": _pairs(vectors, person),
    }


def _pairs(vectors: Floats, person: Whole) -> dict[str, list[float]]:
    rows, columns = np.triu_indices(len(vectors), 1)
    similar, same = (vectors @ vectors.T)[rows, columns], person[rows] == person[columns]
    return {
        name: [float(value) for value in np.percentile(similar[which], QUANTILES)]
        for name, which in (("mated", same), ("non_mated", ~same))
    }
