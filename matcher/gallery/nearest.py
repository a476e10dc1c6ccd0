"""The best of many scores."""

from collections.abc import Sequence

import numpy as np

from matcher.gallery.index import Neighbours, Numbers, Vectors

_FEW = 4
"""Times as many as are wanted: fewer than that are sooner put in order than parted first."""

_GROUP = 16
"""So many scores are first represented by their greatest: the best lie in the groups with the greatest."""


def nearest(numbers: Numbers, similarities: Vectors, k: int) -> Neighbours:
    """The k of greatest similarity for each probe, the greatest first, equal ones by number.

    numbers: (n,), or (probes, n) where each probe has its own. similarities: (probes, n), -inf at what is not to be
    found. Where there are fewer than k, -1 and -inf stand.
    """
    probes, count = similarities.shape
    places = _places(similarities, k)
    own = np.take_along_axis(np.broadcast_to(numbers, similarities.shape), places, axis=1)
    similarities = np.take_along_axis(similarities, places, axis=1)
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


def _places(scores: Vectors, k: int) -> Numbers:
    """(rows, k or a little more) places among which each row's k greatest are, in no order."""
    rows, count = scores.shape
    if count <= _FEW * k:
        return np.broadcast_to(np.arange(count), scores.shape)
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
