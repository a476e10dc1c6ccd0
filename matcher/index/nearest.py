"""The best of many scores."""

import numpy as np

from matcher.columns.vectors import Numbers, Vectors
from matcher.index.index import Neighbours

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
    rows = np.arange(probes)[:, None]
    own = numbers if numbers.ndim > 1 else np.broadcast_to(numbers, similarities.shape)
    if count > _FEW * k:
        places = _places(similarities, k)
        own, similarities = own[rows, places], similarities[rows, places]
    order = np.lexsort((own, -similarities))[:, :k]
    own, similarities = own[rows, order], similarities[rows, order]
    if count < k:
        own = np.hstack([own, np.full((probes, k - count), -1)])
        similarities = np.hstack([similarities, np.full((probes, k - count), -np.inf, dtype=np.float32)])
    own[similarities == -np.inf] = -1
    return Neighbours(numbers=own, similarities=similarities)


class Best:
    """The k nearest to each probe in a gallery that is gone through part by part.

    Once there are k, only scores that are no less than the least of them can matter: one pass over a part finds these.
    """

    def __init__(self, probes: int, k: int) -> None:
        self._k = k
        self._kept = Neighbours(
            numbers=np.full((probes, k), -1), similarities=np.full((probes, k), -np.inf, dtype=np.float32)
        )
        self._waiting: list[tuple[Numbers, Numbers, Vectors]] = []
        """Probe, number and similarity of what may be among the best."""

    def take(self, numbers: Numbers, similarities: Vectors) -> None:
        """One more part. numbers: (n,). similarities: as for `nearest`."""
        least = self._kept.similarities[:, -1]
        if np.isneginf(least).any():
            part = nearest(numbers, similarities, self._k)
            self._keep(part.numbers, part.similarities)
            return
        # By their places in one row: many times as quick as pairs of places.
        rows, places = np.divmod(np.flatnonzero(similarities >= least[:, None]), len(numbers))
        if len(rows):
            self._waiting.append((rows, numbers[places], similarities[rows, places]))
            if sum(len(rows) for rows, _, _ in self._waiting) >= self._kept.numbers.size:
                self._settle()

    def neighbours(self) -> Neighbours:
        """The nearest of all parts so far."""
        self._settle()
        return self._kept

    def _settle(self) -> None:
        if not self._waiting:
            return
        rows, numbers, similarities = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        self._waiting.clear()
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=len(self._kept.numbers))
        places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        table = np.full((len(counts), counts.max()), -1)
        scores = np.full(table.shape, -np.inf, dtype=np.float32)
        table[rows[order], places], scores[rows[order], places] = numbers[order], similarities[order]
        self._keep(table, scores)

    def _keep(self, numbers: Numbers, similarities: Vectors) -> None:
        numbers = np.hstack([self._kept.numbers, numbers])
        self._kept = nearest(numbers, np.hstack([self._kept.similarities, similarities]), self._k)


def _places(scores: Vectors, k: int) -> Numbers:
    """(rows, k or a little more) places among which each row's k greatest are, in no order."""
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
