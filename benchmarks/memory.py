"""Memory of a service and its workers over time, and whether it grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WARM_UP_SHARE, LONGEST_WARM_UP = 0.25, 60.0
"""The first quarter of a step, and at most its first minute, is not asked about growth: buffers fill in that time."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """One look. seconds: since the step began; the others in bytes, a worker each or of the service.

    PSS shares what processes have in common among them: only its sum is the memory really used.
    """

    seconds: float
    workers_rss: Sequence[int]
    workers_uss: Sequence[int]
    workers_pss: Sequence[int]
    service_rss: int
    service_pss: int

    @property
    def pss(self) -> int:
        """Of service and workers together."""
        return self.service_pss + sum(self.workers_pss)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The slope of a straight line through the samples and its standard error, in bytes a minute."""

    slope: float
    error: float
    samples: int

    @property
    def flat(self) -> bool:
        """Whether the slope cannot be told from none (two standard errors), or is under a mebibyte a minute."""
        return self.slope < max(2 * self.error, 1 << 20)


def look(seconds: float, worker_pids: Sequence[int]) -> Memory:
    """Memory of this process and of those."""
    import psutil

    service = psutil.Process().memory_full_info()
    workers = [psutil.Process(pid).memory_full_info() for pid in worker_pids]
    return Memory(
        seconds=seconds,
        workers_rss=[one.rss for one in workers],
        workers_uss=[one.uss for one in workers],
        workers_pss=[one.pss for one in workers],
        service_rss=service.rss,
        service_pss=service.pss,
    )


def growth(samples: Sequence[Memory]) -> Growth | None:
    """The growth of all PSS after the warm-up, by least squares; None of fewer than three samples left."""
    warm = min(WARM_UP_SHARE * samples[-1].seconds, LONGEST_WARM_UP) if samples else 0.0
    samples = [one for one in samples if one.seconds >= warm]
    if len(samples) < 3:
        return None
    minutes = np.array([one.seconds for one in samples]) / 60
    used = np.array([one.pss for one in samples], np.float64)
    away = minutes - minutes.mean()
    slope = float(away @ used / (away @ away))
    left = used - used.mean() - slope * away
    error = float(np.sqrt(left @ left / (len(samples) - 2) / (away @ away)))
    return Growth(slope=slope, error=error, samples=len(samples))


def figures(samples: Sequence[Memory]) -> dict[str, Any]:
    """Medians over time of the mean worker and of the service, in bytes; growth in bytes a minute."""
    grown = growth(samples)
    kinds = {"rss": "workers_rss", "uss": "workers_uss", "pss": "workers_pss"}
    return {
        "worker": {
            kind: float(np.median([np.mean(getattr(one, name)) for one in samples])) for kind, name in kinds.items()
        },
        "service": {
            "rss": float(np.median([one.service_rss for one in samples])),
            "pss": float(np.median([one.service_pss for one in samples])),
        },
        "pss_over_time": [[one.seconds, one.pss] for one in samples],
        "growth": None if grown is None else {"slope": grown.slope, "error": grown.error, "samples": grown.samples},
    }
