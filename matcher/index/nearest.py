"""The best of many scores."""

import numpy as np

from matcher.columns.vectors import Numbers, Vectors
from matcher.index.index import Neighbours

_FEW = 4
"""At up to this many times as many scores as are wanted, a sort of all of them is quicker than a partition first."""

_GROUP = 16
"""Scores of one group, which its greatest stands for at first: the best lie in the groups with the greatest."""


def nearest(numbers: Numbers, similarities: Vectors, k: int) -> Neighbours:
    """The k of greatest similarity for each probe, the greatest first, equal ones by number.

    numbers: (n,), or (probes, n) where each probe has its own. similarities: (probes, n), -inf at what is not to be
    found. Where there are fewer than k, -1 and -inf stand.
    """
    own, similarities = _chosen(numbers, similarities, k)
    order = np.lexsort((own, -similarities))[:, :k]
    rows = np.arange(len(order))[:, None]
    own, similarities = own[rows, order], similarities[rows, order]
    probes, count = similarities.shape
    if count < k:
        own = np.hstack([own, np.full((probes, k - count), -1)])
        similarities = np.hstack([similarities, np.full((probes, k - count), -np.inf, dtype=np.float32)])
    own[similarities == -np.inf] = -1
    return Neighbours(numbers=own, similarities=similarities)


class Best:
    """The k nearest to each probe in a gallery that is gone through part by part: the best of the best of each part."""

    def __init__(self, probes: int, k: int) -> None:
        self._k = k
        self._numbers = [np.empty((probes, 0), dtype=np.int64)]
        self._similarities = [np.empty((probes, 0), dtype=np.float32)]

    def take(self, numbers: Numbers, similarities: Vectors) -> None:
        """One more part. numbers: (n,). similarities: as for `nearest`; they may be overwritten afterwards."""
        own, chosen = _chosen(numbers, similarities, self._k)
        self._numbers.append(own)
        self._similarities.append(chosen.copy() if chosen is similarities else chosen)

    def neighbours(self) -> Neighbours:
        """The nearest of all parts so far."""
        return nearest(np.hstack(self._numbers), np.hstack(self._similarities), self._k)


def _chosen(numbers: Numbers, similarities: Vectors, k: int) -> tuple[Numbers, Vectors]:
    """For each probe the numbers and similarities of the k best, in no order; of few, all as they are."""
    own = numbers if numbers.ndim > 1 else np.broadcast_to(numbers, similarities.shape)
    if similarities.shape[1] <= _FEW * k:
        return own, similarities
    places = _places(similarities, k)
    rows = np.arange(len(places))[:, None]
    return own[rows, places], similarities[rows, places]


def _places(scores: Vectors, k: int) -> Numbers:
    """(rows, k) places of each row's k greatest, in no order."""
    rows, count = scores.shape
    if count <= _FEW * _GROUP * k:
        return _greatest(scores, k)
    groups = count // _GROUP
    # A group's members stand far apart, so that the greatest of all groups are found in a few passes over the row.
    tops = scores[:, : groups * _GROUP].reshape(rows, _GROUP, groups).max(axis=1)
    members = _greatest(tops, k)[:, None, :] + groups * np.arange(_GROUP)[:, None]
    left = np.broadcast_to(np.arange(groups * _GROUP, count), (rows, count - groups * _GROUP))
    likely = np.hstack([members.reshape(rows, _GROUP * k), left])
    return np.take_along_axis(likely, _greatest(np.take_along_axis(scores, likely, axis=1), k), axis=1)


def _greatest(scores: Vectors, k: int) -> Numbers:
    count = scores.shape[1]
    return np.argpartition(scores, count - k, axis=1)[:, count - k :]
