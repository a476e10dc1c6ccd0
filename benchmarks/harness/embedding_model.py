"""Galleries of any size, drawn from a model fitted to real embeddings, so that search is measured on realistic data.

A template is a subject's own centre plus a deviation, brought to length 1. Centres and deviations are Gaussian with the
covariances between and within the people of the fitted embeddings (the probabilistic linear discriminant of Ioffe, ECCV
2006); the size of a subject's deviations is that of a random real person, because some vary far more than others. Some
subjects look alike: their centres are close to another's.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_BLOCK = 1 << 17

ALIKE_SHARE = 0.05
"""The share of subjects who look like another one, as relatives do."""

ALIKE = 0.8
"""The weight of the other's centre in such a subject's; over LFW's people the mean is 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subjects:
    """centres: (n, d) float32, one a subject. lengths: (n,) the size of their deviations, 1 on average."""

    centres: Floats
    lengths: Floats


class EmbeddingModel:
    """Made by `fit`. A draw depends on its seed alone."""

    def __init__(self, *, mean: Floats, between: Floats, within: Floats, lengths: Floats) -> None:
        """between, within: (d, d) square roots of the covariances. lengths: of each real person's deviations."""
        self._mean = mean
        self._between = between
        self._within = within
        self._lengths = lengths

    @classmethod
    def fit(cls, vectors: Floats, person: Whole) -> Self:
        """vectors: (n, d) of length 1; person: (n,) the person on each. People with one picture contribute to the
        centres only. Raises ValueError if too few people have several pictures.
        """
        numbers, counts = np.unique(person, return_counts=True)
        several = np.isin(person, numbers[counts > 1])
        groups = int((counts > 1).sum())
        if groups < 2:
            raise ValueError("a model of deviations needs people with several pictures")
        centres = np.zeros((int(person.max()) + 1, vectors.shape[1]))
        np.add.at(centres, person, vectors)
        centres[numbers] /= counts[:, None]
        deviations = (vectors - centres[person])[several]
        # The centre was estimated from the same pictures, which takes one of them away from each person.
        within = deviations.T @ deviations / (len(deviations) - groups)
        mean = centres[numbers].mean(axis=0)
        spread = centres[numbers] - mean
        between = spread.T @ spread / (len(numbers) - 1) - within * float((1 / counts).mean())
        squares = np.zeros(len(centres))
        np.add.at(squares, person[several], ((deviations @ _power(within, -0.5)) ** 2).sum(axis=1) / vectors.shape[1])
        lengths = np.sqrt(squares[numbers[counts > 1]] / (counts[counts > 1] - 1))
        return cls(
            mean=mean.astype(np.float32),
            between=_power(between, 0.5).astype(np.float32),
            within=_power(within, 0.5).astype(np.float32),
            lengths=lengths.astype(np.float32),
        )

    def subjects(self, count: int, *, seed: int) -> Subjects:
        """New people, ALIKE_SHARE of them much like another one."""
        random = np.random.default_rng([seed, 0])
        found = random.standard_normal((count, len(self._mean)), dtype=np.float32) @ self._between
        alike = np.flatnonzero(random.random(count) < ALIKE_SHARE)
        others = random.integers(0, count, len(alike))
        found[alike] = ALIKE * found[others] + np.float32(np.sqrt(1 - ALIKE**2)) * found[alike]
        return Subjects(centres=found + self._mean, lengths=random.choice(self._lengths, count))

    def templates(self, subjects: Subjects, whose: Whole, *, seed: int) -> Floats:
        """(n, d) of length 1: one template for each entry of `whose`, the places of their subjects."""
        random = np.random.default_rng([seed, 1])
        vectors = np.empty((len(whose), len(self._mean)), np.float32)
        for begin in range(0, len(whose), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            deviation = random.standard_normal((len(whose[block]), len(self._mean)), dtype=np.float32) @ self._within
            one = subjects.centres[whose[block]] + deviation * subjects.lengths[whose[block], None]
            vectors[block] = one / np.linalg.norm(one, axis=1, keepdims=True)
        return vectors


def _power(covariance: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """The square root of a symmetric matrix; eigenvalues that noise made negative are raised to almost 0."""
    values, axes = np.linalg.eigh(covariance)
    powered: NDArray[np.float64] = (axes * np.maximum(values, values.max() * 1e-6) ** exponent) @ axes.T
    return powered
