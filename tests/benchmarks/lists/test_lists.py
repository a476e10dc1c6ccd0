import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


@pytest.mark.slow
def test_a_quick_run_reads_every_list(tmp_path: Path) -> None:
    """How long they take depends on the machine; what they hold does not."""
    assert main(["lists", "--quick", "--out", str(tmp_path)]) == 0
    lists = json.loads((tmp_path / "lists.json").read_text())["figures"]["lists"]
    assert {name: one["items"] for name, one in lists.items()} == {
        "number of people": None,
        "people": 200,
        "people, the longest page": 300,
        "people, the last page": 300,
        "people, with those who have withdrawn": 150,
        "alerts": 50,
        "alerts, the longest page": 500,
        "alerts, open ones": 300,  # an operator takes those that await a second reviewer for open ones
        "alerts, confirmed ones": 150,
        "alerts, from the middle on": 100,
        "number of alerts": None,
        "cameras": 4,
        "purposes": 1,
    }
    assert all(one["seconds"]["count"] == 2 for one in lists.values())
