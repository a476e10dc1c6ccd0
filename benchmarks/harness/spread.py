"""The distribution of values, as reported for latencies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def spread(values: "Sequence[float] | NDArray[np.floating[Any]]") -> dict[str, Any]:
    """Count, mean, p50, p95, p99 and max, in the values' own unit; only the count where there are none."""
    if not len(values):
        return {"count": 0}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        "count": len(values),
        "mean": float(np.mean(values)),
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(np.max(values)),
    }
