"""The directions in which people differ more than the pictures of one person do: there the likely cells are found."""

import numpy as np
from numpy.typing import NDArray

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers, Vectors

WIDTH = 64
"""Directions that are kept, of SFace's 128: the others tell next to nothing of who somebody is."""

_ALIKE = 0.5
"""Neighbours by number and of such similarity are taken for pictures of one person, enrolled together."""

_PAIRS = (1_000, 50_000)
"""Such pairs: so few do not tell how pictures of a person differ, and so many tell it well."""

_LEAST = 1e-3
"""Of the greatest variance within people: no smaller one is believed."""


def discriminant(rows: Rows, numbers: Numbers, random: np.random.Generator) -> Vectors | None:
    """The (d, WIDTH) matrix into a space whose distances tell people apart; None if it cannot be known.

    Within a person the variance becomes 1 in each direction, and each direction then counts by how much its variance
    between people, b, tells: by b / (1 + 2 b), the weight of a product in the likelihood ratio of two Gaussians
    (probabilistic linear discriminant analysis: Ioffe, ECCV 2006).
    """
    least, most = _PAIRS
    places = np.sort(random.permutation(len(numbers) - 1)[:most])
    one, other = (rows.vectors[numbers[places + step]].astype(np.float32) for step in (0, 1))
    apart = (one - other)[(one * other).sum(axis=1) > _ALIKE].astype(np.float64)
    if len(apart) < least or not apart.any():  # the same pictures twice tell nothing
        return None
    values, axes = np.linalg.eigh(apart.T @ apart / (2 * len(apart)))
    whitening: NDArray[np.float64] = (axes * np.maximum(values, values.max() * _LEAST) ** -0.5) @ axes.T
    between, directions = np.linalg.eigh(np.cov(one @ whitening, rowvar=False) - np.eye(len(axes)))
    between, directions = np.maximum(between[-WIDTH:], 0), directions[:, -WIDTH:]
    matrix: NDArray[np.float64] = whitening @ directions * np.sqrt(between / (1 + 2 * between))
    return matrix.astype(np.float32)
