"""Selects the greatest of many similarities."""

import numpy as np

from matcher.columns.vectors import Numbers, Vectors
from matcher.index.index import Neighbours

_FEW = 4
"""Up to _FEW × k similarities, sorting all of them is faster than a partition before the sort."""

_GROUP = 16
"""The number of similarities in a group. The k greatest are in the k groups with the greatest maxima."""


def nearest(numbers: Numbers, similarities: Vectors, k: int) -> Neighbours:
    """Returns for each probe the k numbers of greatest similarity, the greatest first, equal ones by number.

    numbers: (n,), or (probes, n) if each probe has its own. similarities: (probes, n), with -inf for numbers that must
    not be found. If fewer than k are found, the remaining places have the number -1 and the similarity -inf.
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
    """Collects the k nearest to each probe from a gallery that is read in parts."""

    def __init__(self, probes: int, k: int) -> None:
        self._k = k
        self._numbers = [np.empty((probes, 0), dtype=np.int64)]
        self._similarities = [np.empty((probes, 0), dtype=np.float32)]

    def take(self, numbers: Numbers, similarities: Vectors) -> None:
        """Adds one part. numbers: (n,). similarities: as for `nearest`; the caller may overwrite them afterwards."""
        own, chosen = _chosen(numbers, similarities, self._k)
        self._numbers.append(own)
        self._similarities.append(chosen.copy() if chosen is similarities else chosen)

    def neighbours(self) -> Neighbours:
        """Returns the nearest of all parts so far."""
        return nearest(np.hstack(self._numbers), np.hstack(self._similarities), self._k)


def _chosen(numbers: Numbers, similarities: Vectors, k: int) -> tuple[Numbers, Vectors]:
    """Returns each probe's k best numbers and similarities, unsorted; if there are few, all of them."""
    own = numbers if numbers.ndim > 1 else np.broadcast_to(numbers, similarities.shape)
    if similarities.shape[1] <= _FEW * k:
        return own, similarities
    places = _places(similarities, k)
    rows = np.arange(len(places))[:, None]
    return own[rows, places], similarities[rows, places]


def _places(scores: Vectors, k: int) -> Numbers:
    """Returns the (rows, k) places of each row's k greatest scores, unsorted."""
    rows, count = scores.shape
    if count <= _FEW * _GROUP * k:
        return _greatest(scores, k)
    groups = count // _GROUP
    # The members of a group are `groups` places apart, so that the maxima of all groups take a few passes over the row.
    tops = scores[:, : groups * _GROUP].reshape(rows, _GROUP, groups).max(axis=1)
    members = _greatest(tops, k)[:, None, :] + groups * np.arange(_GROUP)[:, None]
    left = np.broadcast_to(np.arange(groups * _GROUP, count), (rows, count - groups * _GROUP))
    likely = np.hstack([members.reshape(rows, _GROUP * k), left])
    return np.take_along_axis(likely, _greatest(np.take_along_axis(scores, likely, axis=1), k), axis=1)


def _greatest(scores: Vectors, k: int) -> Numbers:
    count = scores.shape[1]
    return np.argpartition(scores, count - k, axis=1)[:, count - k :]
