"""Where people decided only some of the alerts: how many alerts each decided one stands for.

Alerts of one camera and of about one dissimilarity are a stratum; its decided alerts stand for all of it in equal parts
(Horvitz and Thompson, JASA 1952). That is right if within a stratum it is chance which were decided.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.events import LoggedAlert

BINS = 4
"""Of dissimilarity: quarters of a camera's alerts."""

MIN_DECIDED = 5
"""Strata of a camera with fewer decided alerts than this are not told apart."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How much was decided. beyond: undecided alerts of cameras where nobody decided anything: nothing stands for
    them. largest_weight: how many alerts a decided one stands for at most."""

    alerts: int
    decided: int
    beyond: int
    largest_weight: float


def weights(alerts: Sequence[LoggedAlert]) -> tuple[Mapping[int, float], Sampling]:
    """By the request of each decided alert, how many alerts it stands for; and how much was decided."""
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
