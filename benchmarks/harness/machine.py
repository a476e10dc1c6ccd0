"""The machine of a measurement, without anything that identifies its owner."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from matcher.process.child_process import cores

_LIBRARIES = ("numpy", "onnxruntime", "av", "faiss-cpu", "opencv-python-headless", "dlib-bin", "sqlalchemy")


def describe_machine() -> dict[str, Any]:
    """Processor, usable cores, memory, system and the versions of the libraries that decide speed and scores."""
    import psutil

    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
