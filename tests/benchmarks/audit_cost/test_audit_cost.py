import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

pytestmark = pytest.mark.slow


def test_a_quick_run_measures_and_verifies(tmp_path: Path) -> None:
    assert main(["audit-cost", "--quick", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "audit-cost.json").read_text())
    runs = record["figures"]["runs"]
    assert [(run["entries"], run["clients"]) for run in runs] == [(0, 1), (0, 8), (10_000, 1), (10_000, 8)]
    assert all(run["logged"]["identifications"] > 0 < run["search"]["identifications"] for run in runs)
    assert all(run["entries_a_transaction"] >= 1 for run in runs)
    assert record["figures"]["verified_entries"] > 10_000
    assert any("receipt" in target["aim"] for target in record["targets"])
    assert (tmp_path / "audit-cost-latency.png").is_file()
    # The million entries that it wrote are gone again.
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {
        "audit-cost",
        "audit-cost-latency",
        "audit-cost-tables",
    }
