"""What a dissimilarity stands for: the share of strangers at this dissimilarity or closer. It is measured, and it is no
probability.

A similarity in per cent says nothing that could be checked. A false match rate does: on which data, of how many pairs.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from matcher.recognition.fusion import read_weights

FEWEST = 10
"""Pairs that a rate must rest on to be told."""


class Sense(StrEnum):
    """How the rate is meant: as measured, as more than what is true, or as less."""

    ABOUT = "about"
    FEWER = "fewer"
    MORE = "more"


@dataclass(frozen=True, kw_only=True)
class StandsFor:
    """The FMR of a threshold at some dissimilarity, or the bound that is all that was measured."""

    fmr: float
    sense: Sense

    def words(self) -> str:
        """For people, to two figures, on the side that is true: "of strangers, 1 in 120,000 is as close"."""
        if self.sense is Sense.FEWER:
            return f"of strangers, fewer than 1 in {_two_figures(1 / self.fmr, math.floor):,} is as close"
        if self.sense is Sense.MORE:
            return f"of strangers, more than 1 in {_two_figures(1 / self.fmr, math.ceil):,} is as close"
        return f"of strangers, 1 in {_two_figures(1 / self.fmr, round):,} is as close"


def _two_figures(number: float, rounded: Callable[[float], int]) -> int:
    # A rate that is a whole share but for its last bit must not lose a unit.
    unit: int = 10 ** max(math.floor(math.log10(number) + 1e-12) - 1, 0)
    return rounded(round(number / unit, 6)) * unit


@dataclass(frozen=True, kw_only=True)
class SimilarityScale:
    """FMR by dissimilarity on `non_mated` pairs of `dataset`.

    model_digest, weights: of the model that was measured, and of its fusion by embedder. steps:
    (dissimilarity, FMR) from the closest pair on, both rising.
    """

    dataset: str
    model_digest: str
    weights: Mapping[str, float]
    non_mated: int
    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Raises ValueError if these are no steps."""
        rising = all(a[0] < b[0] and a[1] < b[1] for a, b in zip(self.steps, self.steps[1:], strict=False))
        within = all(math.isfinite(at) and 0 < rate <= 1 for at, rate in self.steps)
        if not (self.steps and rising and within and self.non_mated > 0):
            raise ValueError("a scale needs steps that rise in dissimilarity and in rate, and the pairs measured")

    def stands_for(self, dissimilarity: float) -> StandsFor:
        """The share of strangers who are that close or closer: linear in the rate's logarithm between two steps.

        Nothing is extrapolated: closer than the closest pair is fewer than one of all pairs, and where fewer than ten
        pairs are as close, a bound is told. Farther than the last step is more than its rate.
        """
        closest, last = self.steps[0], self.steps[-1]
        if dissimilarity < closest[0]:
            return StandsFor(fmr=1 / self.non_mated, sense=Sense.FEWER)
        if dissimilarity > last[0]:
            return StandsFor(fmr=last[1], sense=Sense.MORE)
        fmr = self._between(dissimilarity)
        borne = FEWEST / self.non_mated
        if fmr < borne * (1 - 1e-9):
            return StandsFor(fmr=min(borne, 1.0), sense=Sense.FEWER)
        return StandsFor(fmr=fmr, sense=Sense.ABOUT)

    def _between(self, dissimilarity: float) -> float:
        place = bisect_right(self.steps, dissimilarity, key=lambda step: step[0])
        (near, low) = self.steps[place - 1]
        if place == len(self.steps):
            return low
        (far, high) = self.steps[place]
        share = (dissimilarity - near) / (far - near)
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))

    def record(self) -> dict[str, Any]:
        """As a file of operating points holds it."""
        steps = [list(step) for step in self.steps]
        return {
            "dataset": self.dataset,
            "model_digest": self.model_digest,
            "weights": dict(self.weights),
            "non_mated": self.non_mated,
            "steps": steps,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any], weights: Mapping[str, float] | None = None) -> Self:
        """Of such a record. weights: where it names none. Raises KeyError, TypeError or ValueError."""
        return cls(
            dataset=str(record["dataset"]),
            model_digest=str(record["model_digest"]),
            weights=read_weights({"weights": weights, **record}),
            non_mated=int(record["non_mated"]),
            steps=tuple((float(at), float(rate)) for at, rate in record["steps"]),
        )
