"""Every benchmark there is. Modules are imported only when asked for."""

from importlib import import_module
from typing import cast

from benchmarks.benchmark import Benchmark
from benchmarks.errors import UnknownBenchmarkError

_CLASSES = {
    "audit-cost": "benchmarks.audit_cost:AuditCostBenchmark",
    "operating-point": "benchmarks.operating_point:OperatingPointBenchmark",
    "recognition": "benchmarks.recognition:RecognitionBenchmark",
    "scene": "benchmarks.scene:SceneBenchmark",
    "search": "benchmarks.search:SearchBenchmark",
    "search-huge": "benchmarks.search:HugeSearchBenchmark",
    "start-up": "benchmarks.start_up:StartUpBenchmark",
    "streams": "benchmarks.streams:StreamsBenchmark",
}


def names() -> tuple[str, ...]:
    """Their names, in the order in which `all` runs them."""
    return tuple(_CLASSES)


def load(name: str) -> Benchmark:
    """The benchmark of that name; UnknownBenchmarkError."""
    if name not in _CLASSES:
        raise UnknownBenchmarkError(f"There is no benchmark {name!r}.", remedy=f"Choose one of: {', '.join(_CLASSES)}.")
    module, _, attribute = _CLASSES[name].partition(":")
    return cast(Benchmark, getattr(import_module(module), attribute)())
