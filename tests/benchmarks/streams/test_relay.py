import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.harness.benchmark import Context
from benchmarks.running.runner import TerminalProgress, run_benchmark
from benchmarks.streams.relay import RelayBenchmark, report


def test_the_target_is_a_share_of_a_core_and_the_ratio_is_of_medians() -> None:
    result = report({"relay": [0.011, 0.012, 0.05], "copy": [0.010, 0.010, 0.010]}, 4e6)
    (target,) = result.targets
    assert target.met and "1.20 % at 4.0 Mbit/s" in target.measured and "1.20 times" in target.measured
    assert not report({"relay": [0.021], "copy": [0.01]}, 4e6).targets[0].met


@pytest.mark.slow
def test_both_contestants_pass_the_stream_in_a_quick_run(tmp_path: Path) -> None:
    console = Console(file=StringIO())
    context = Context(quick=True, data=tmp_path, out=tmp_path, progress=TerminalProgress(console))
    run_benchmark(RelayBenchmark(), context, console)
    record = json.loads((tmp_path / "relay.json").read_text())
    assert all(0 < share < 1 for shares in record["figures"]["shares"].values() for share in shares)
