"""The weight of each decided alert where people decided only some: the number of alerts that it stands for.

Alerts of one camera and of about one dissimilarity are a stratum; its decided alerts stand for all of it in equal parts
(Horvitz and Thompson, JASA 1952). This is unbiased if the decided alerts are a random sample of their stratum.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.log_extract import LoggedAlert

BINS = 4
"""The number of strata by dissimilarity: quarters of a camera's alerts."""

MIN_DECIDED = 5
"""A camera with fewer decided alerts than this has one stratum."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """The coverage of the reviews. beyond: alerts of cameras without any decided alert, for which no decided one
    stands. largest_weight: the greatest weight of a decided alert."""

    alerts: int
    decided: int
    beyond: int
    largest_weight: float


def weights(alerts: Sequence[LoggedAlert]) -> tuple[Mapping[int, float], Sampling]:
    """The weight of each decided alert, by the index of its request; and the coverage."""
    by_camera: dict[str, list[LoggedAlert]] = defaultdict(list)
    for alert in alerts:
        by_camera[alert.camera].append(alert)
    found: dict[int, float] = {}
    beyond = 0
    for own in by_camera.values():
        weight = _weights(own)
        beyond += 0 if weight else len(own)
        found |= weight
    decided = sum(alert.rejected is not None for alert in alerts)
    sampling = Sampling(
        alerts=len(alerts), decided=decided, beyond=beyond, largest_weight=max(found.values(), default=1.0)
    )
    return found, sampling


def _weights(alerts: Sequence[LoggedAlert]) -> dict[int, float]:
    """Of one camera's."""
    scores = np.array([alert.dissimilarity for alert in alerts])
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, scores).tolist()
    decided = Counter(place for place, alert in zip(bins, alerts, strict=True) if alert.rejected is not None)
    if any(decided[place] < MIN_DECIDED for place in set(bins)):
        bins = [0] * len(alerts)
        decided = Counter({0: sum(alert.rejected is not None for alert in alerts)})
    every = Counter(bins)
    return {
        alert.request: every[place] / decided[place]
        for place, alert in zip(bins, alerts, strict=True)
        if alert.rejected is not None
    }
