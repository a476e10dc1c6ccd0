"""The list of all benchmarks. Modules are imported only on use."""

from importlib import import_module
from typing import cast

from benchmarks.harness.benchmark import Benchmark
from benchmarks.harness.errors import UnknownBenchmarkError

_CLASSES = {
    "lfw-all-pairs": "benchmarks.accuracy.all_pairs:AllPairsBenchmark",
    "identification": "benchmarks.accuracy.identification:IdentificationBenchmark",
    "aclu": "benchmarks.accuracy.aclu:AcluBenchmark",
    "choices": "benchmarks.choices.choices:ChoicesBenchmark",
    "commands": "benchmarks.commands.commands:CommandsBenchmark",
    "crowd": "benchmarks.gate.crowd:CrowdBenchmark",
    "audit-cost": "benchmarks.audit_cost.audit_cost:AuditCostBenchmark",
    "degradation": "benchmarks.degradation.degradation:DegradationBenchmark",
    "duplicates": "benchmarks.gate.duplicates:DuplicatesBenchmark",
    "gate": "benchmarks.gate.gate:GateBenchmark",
    "operating-point": "benchmarks.choices.operating_point:OperatingPointBenchmark",
    "lists": "benchmarks.lists.lists:ListsBenchmark",
    "live-month": "benchmarks.live_month.live_month:LiveMonthBenchmark",
    "relay": "benchmarks.streams.relay:RelayBenchmark",
    "recognition": "benchmarks.recognition.recognition:RecognitionBenchmark",
    "scene": "benchmarks.streams.scene:SceneBenchmark",
    "search": "benchmarks.search.search:SearchBenchmark",
    "search-huge": "benchmarks.search.search:HugeSearchBenchmark",
    "start-up": "benchmarks.start_up.start_up:StartUpBenchmark",
    "streams": "benchmarks.streams.streams:StreamsBenchmark",
    "walks": "benchmarks.walks.walks:WalksBenchmark",
}


LFW = "lfw"

ACCURACY = (LFW, "lfw-all-pairs", "identification", "aclu")
"""The whole evaluation on LFW, with nothing chosen in it."""


def names() -> tuple[str, ...]:
    """Their names, in the order in which `all` runs them; data sets that are not available everywhere are left out."""
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
