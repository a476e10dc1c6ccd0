import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

pytestmark = pytest.mark.slow


def test_a_quick_run_starts_asks_and_changes(tmp_path: Path) -> None:
    """It raises by itself if a search after an enrolment or a withdrawal is wrong."""
    assert main(["start-up", "--quick", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "start-up.json").read_text())
    sizes = record["figures"]["sizes"]
    assert list(sizes) == ["0", "3000"]
    for one in sizes.values():
        assert one["start_seconds"]["count"] == 1
        assert one["withdrawal_seconds"]["count"] == 3
        assert one["search_seconds"]["count"] == 6
        assert one["pss_at_rest"] > 0
    assert len(record["targets"]) == 2
    # The galleries that it wrote are gone again.
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {
        "start-up",
        "start-up-seconds",
        "start-up-tables",
    }
