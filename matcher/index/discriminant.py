"""Computes the directions in which people differ more than the pictures of one person. Cells use these directions."""

import numpy as np
from numpy.typing import NDArray

from matcher.columns.rows import Rows
from matcher.columns.vectors import Numbers, Vectors

WIDTH = 64
"""The number of directions that are kept, of SFace's 128. The others hardly distinguish people."""

_ALIKE = 0.5
"""Two references with successive numbers and a similarity above this are assumed to show one person, enrolled once."""

_PAIRS = (1_000, 50_000)
"""The least number of such pairs for an estimate, and the most that are used."""

_LEAST = 1e-3
"""The floor for variances within people, as a share of the greatest."""


def discriminant(rows: Rows, numbers: Numbers, random: np.random.Generator) -> Vectors | None:
    """Returns the (d, WIDTH) matrix to a space whose distances distinguish people; None if there are too few pairs.

    The matrix scales the variance within a person to 1 in each direction. It then weights each direction by
    b / (1 + 2 b), where b is its variance between people: the weight of a product in the likelihood ratio of two
    Gaussians (probabilistic linear discriminant analysis: Ioffe, ECCV 2006).
    """
    least, most = _PAIRS
    places = np.sort(random.permutation(len(numbers) - 1)[:most])
    one, other = (rows.vectors[numbers[places + step]].astype(np.float32) for step in (0, 1))
    differences = (one - other)[(one * other).sum(axis=1) > _ALIKE].astype(np.float64)
    if len(differences) < least or not differences.any():  # identical pictures show no variance
        return None
    values, axes = np.linalg.eigh(differences.T @ differences / (2 * len(differences)))
    whitening: NDArray[np.float64] = (axes * np.maximum(values, values.max() * _LEAST) ** -0.5) @ axes.T
    between, directions = np.linalg.eigh(np.cov(one @ whitening, rowvar=False) - np.eye(len(axes)))
    between, directions = np.maximum(between[-WIDTH:], 0), directions[:, -WIDTH:]
    matrix: NDArray[np.float64] = whitening @ directions * np.sqrt(between / (1 + 2 * between))
    return matrix.astype(np.float32)
