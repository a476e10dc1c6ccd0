"""Memory of a service and its workers over time, and whether it grows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

WARM_UP_SHARE = 0.25
"""The first quarter of a step does not count for growth: buffers and pools fill in that time."""

FLAT_SHARE, FLAT_MINUTES = 0.01, 10.0
"""Memory counts as flat if its growth is certainly at most this share in this number of minutes."""

MOST_ALIKE = 0.95


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
        """The sum of service and workers."""
        return self.service_pss + sum(self.workers_pss)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The slope of a straight line through the samples and its standard error, in bytes a minute. level: their mean."""

    slope: float
    error: float
    level: float
    samples: int

    @property
    def flat(self) -> bool:
        """True if the slope plus two standard errors is less than the growth that counts as none."""
        return (self.slope + 2 * self.error) * FLAT_MINUTES <= FLAT_SHARE * self.level


def look(seconds: float, worker_pids: Sequence[int]) -> Memory:
    """The memory of this process and of the given ones."""
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
    """The growth of all PSS after the warm-up, by least squares; None of fewer than three samples left.

    Memory moves in steps that last, so that neighbouring samples say nearly the same: the error is that of as many
    independent ones as there are by the residuals' correlation at lag one (n (1 - r) / (1 + r), Bartlett's).
    """
    warm = WARM_UP_SHARE * samples[-1].seconds if samples else 0.0
    samples = [one for one in samples if one.seconds >= warm]
    if len(samples) < 3:
        return None
    minutes = np.array([one.seconds for one in samples]) / 60
    used = np.array([one.pss for one in samples], np.float64)
    away = minutes - minutes.mean()
    slope = float(away @ used / (away @ away))
    left = used - used.mean() - slope * away
    spent = float(left @ left)
    alike = min(max(float(left[1:] @ left[:-1]) / spent, 0.0), MOST_ALIKE) if spent else 0.0
    error = float(np.sqrt(spent / (len(samples) - 2) / (away @ away) * (1 + alike) / (1 - alike)))
    return Growth(slope=slope, error=error, level=float(used.mean()), samples=len(samples))


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
        "growth": None if grown is None else asdict(grown),
    }
