"""Every benchmark there is. Modules are imported only when asked for."""

from importlib import import_module
from typing import cast

from benchmarks.benchmark import Benchmark
from benchmarks.errors import UnknownBenchmarkError

_CLASSES = {
    "lfw-all-pairs": "benchmarks.accuracy.all_pairs:AllPairsBenchmark",
    "identification": "benchmarks.accuracy.identification:IdentificationBenchmark",
    "aclu": "benchmarks.accuracy.aclu:AcluBenchmark",
    "choices": "benchmarks.accuracy.choices:ChoicesBenchmark",
    "commands": "benchmarks.commands:CommandsBenchmark",
    "crowd": "benchmarks.crowd:CrowdBenchmark",
    "audit-cost": "benchmarks.audit_cost:AuditCostBenchmark",
    "degradation": "benchmarks.degradation:DegradationBenchmark",
    "duplicates": "benchmarks.duplicates:DuplicatesBenchmark",
    "gate": "benchmarks.gate:GateBenchmark",
    "operating-point": "benchmarks.accuracy.operating_point:OperatingPointBenchmark",
    "live-month": "benchmarks.live_month:LiveMonthBenchmark",
    "relay": "benchmarks.relay:RelayBenchmark",
    "recognition": "benchmarks.recognition:RecognitionBenchmark",
    "scene": "benchmarks.scene:SceneBenchmark",
    "search": "benchmarks.search:SearchBenchmark",
    "search-huge": "benchmarks.search:HugeSearchBenchmark",
    "start-up": "benchmarks.start_up:StartUpBenchmark",
    "streams": "benchmarks.streams:StreamsBenchmark",
}


LFW = "lfw"

ACCURACY = (LFW, "lfw-all-pairs", "identification", "aclu")
"""The whole evaluation on LFW, with nothing chosen in it."""


def names() -> tuple[str, ...]:
    """Their names, in the order in which `all` runs them; sets that are not at hand everywhere are not among them."""
    return (LFW, *_CLASSES)


def load(name: str) -> Benchmark:
    """The benchmark of that name, a data set's being verification by its protocol; UnknownBenchmarkError."""
    from benchmarks.accuracy.verification import VerificationBenchmark
    from benchmarks.datasets.registry import MEASURABLE

    if name in MEASURABLE:
        return VerificationBenchmark(name)
    if name not in _CLASSES:
        raise UnknownBenchmarkError(
            f"There is no benchmark {name!r}.", remedy=f"Choose one of: {', '.join((*names(), *MEASURABLE))}."
        )
    module, _, attribute = _CLASSES[name].partition(":")
    return cast(Benchmark, getattr(import_module(module), attribute)())
