"""How a process of our own is started: a module of ours, by this interpreter, with none of the service's secrets."""

import os
import sys
from collections.abc import Mapping


def cores() -> int:
    """How many processors there are for this process and those it starts."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(module: str, *arguments: str) -> list[str]:
    """What runs the module, whatever lies in the folder where the service was started."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> Mapping[str, str]:
    """One core's worth of threads for each; and no proxies, which FFmpeg would ask instead of a checked address."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLEARGLASS_") and not name.lower().endswith("_proxy")
    }
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return kept | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
