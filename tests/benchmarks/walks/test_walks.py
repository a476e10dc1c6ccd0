import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

pytestmark = pytest.mark.slow


def test_a_quick_run_counts_both_walks_and_the_same_again(tmp_path: Path) -> None:
    """How many changes there are depends on the code; that two passes agree does not."""
    assert main(["walks", "--quick", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "walks.json").read_text())
    walks = record["figures"]["walks"]
    assert set(walks) == {"frame", "identification"}
    for one in walks.values():
        assert one["passes_agree"]
        assert one["changes_agree"]
        assert one["changes"] == sum(pair["changes"] for pair in one["pairs"])
        assert one["calls"] >= one["crossings"] > one["files"] > 20
        assert one["threads"] >= 2
    files = {name: {pair[side] for pair in one["pairs"] for side in ("one", "other")} for name, one in walks.items()}
    assert {"ingest/analysis/watch.py", "matcher/alerts/alerts.py"} <= files["frame"]
    assert {"api/routers/searches.py", "matcher/search/identification.py"} <= files["identification"]
    assert not any(file.startswith("benchmarks") for one in files.values() for file in one)
    assert len(record["tables"][1]["rows"]) == 20
    assert len(record["targets"]) == 2
    # The data folders that it made are gone again.
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"walks", "walks-tables"}
