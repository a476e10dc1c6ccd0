"""The best of many scores."""

from collections.abc import Sequence

import numpy as np

from matcher.gallery.index import Neighbours, Numbers, Vectors


def nearest(numbers: Numbers, similarities: Vectors, k: int) -> Neighbours:
    """The k of greatest similarity for each probe, the greatest first, equal ones by number.

    numbers: (n,), or (probes, n) where each probe has its own. similarities: (probes, n), -inf at what is not to be
    found. Where there are fewer than k, -1 and -inf stand.
    """
    probes, count = similarities.shape
    each = np.arange(probes)[:, None]
    found = Neighbours(
        numbers=np.full((probes, k), -1, dtype=np.int64),
        similarities=np.full((probes, k), -np.inf, dtype=np.float32),
    )
    own = numbers if numbers.ndim == 2 else np.broadcast_to(numbers, similarities.shape)
    if count > k:
        best = np.argpartition(similarities, count - k, axis=1)[:, count - k :]
        own, similarities = own[each, best], similarities[each, best]
    order = np.lexsort((own, -similarities))
    found.similarities[:, :count] = similarities[each, order]
    found.numbers[:, :count] = np.where(np.isneginf(found.similarities[:, :count]), -1, own[each, order])
    return found


def merged(parts: Sequence[Neighbours], probes: int, k: int) -> Neighbours:
    """The k nearest of several parts of a gallery, each with the same number of probes."""
    if len(parts) == 1:
        return parts[0]
    numbers = [np.zeros((probes, 0), dtype=np.int64), *(part.numbers for part in parts)]
    similarities = [np.zeros((probes, 0), dtype=np.float32), *(part.similarities for part in parts)]
    return nearest(np.hstack(numbers), np.hstack(similarities), k)
