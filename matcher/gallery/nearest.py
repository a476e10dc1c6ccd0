"""The best of many scores."""

from collections.abc import Sequence

import numpy as np

from matcher.gallery.index import Neighbours, Numbers, Vectors

_FEW = 4
"""Times as many as are wanted: fewer than that are sooner put in order than parted first."""


def nearest(numbers: Numbers, similarities: Vectors, k: int) -> Neighbours:
    """The k of greatest similarity for each probe, the greatest first, equal ones by number.

    numbers: (n,), or (probes, n) where each probe has its own. similarities: (probes, n), -inf at what is not to be
    found. Where there are fewer than k, -1 and -inf stand.
    """
    probes, count = similarities.shape
    own = np.broadcast_to(numbers, similarities.shape)
    if count > _FEW * k:
        best = np.argpartition(similarities, count - k, axis=1)[:, count - k :]
        own, similarities = np.take_along_axis(own, best, axis=1), np.take_along_axis(similarities, best, axis=1)
    order = np.lexsort((own, -similarities))[:, :k]
    own, similarities = np.take_along_axis(own, order, axis=1), np.take_along_axis(similarities, order, axis=1)
    if count < k:
        own = np.hstack([own, np.full((probes, k - count), -1)])
        similarities = np.hstack([similarities, np.full((probes, k - count), -np.inf, dtype=np.float32)])
    return Neighbours(numbers=np.where(np.isneginf(similarities), -1, own), similarities=similarities)


def merged(parts: Sequence[Neighbours], probes: int, k: int) -> Neighbours:
    """The k nearest of several parts of a gallery, each with the same number of probes."""
    if len(parts) == 1:
        return parts[0]
    numbers = [np.zeros((probes, 0), dtype=np.int64), *(part.numbers for part in parts)]
    similarities = [np.zeros((probes, 0), dtype=np.float32), *(part.similarities for part in parts)]
    return nearest(np.hstack(numbers), np.hstack(similarities), k)
