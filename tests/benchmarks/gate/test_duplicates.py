import json
from pathlib import Path

from benchmarks.gate.duplicates import DuplicatesBenchmark
from benchmarks.harness.benchmark import Context
from benchmarks.running.runner import TerminalProgress


def test_a_quick_run_finds_the_planted_and_admits_the_newcomers(data_folder: Path, tmp_path: Path) -> None:
    context = Context(quick=True, data=data_folder, progress=TerminalProgress(), out=tmp_path)
    result = DuplicatesBenchmark().run(context)
    parts = result.figures["parts"]
    assert {part: counts["tried"] for part, counts in parts.items()} == {
        "gallery": 30,
        "planted duplicate": 5,
        "planted duplicate, one picture": 5,
        "newcomer": 5,
    }
    assert (parts["planted duplicate"]["pictures"], parts["planted duplicate, one picture"]["pictures"]) == (10, 5)
    mistakes = (tmp_path / "duplicates-people.csv").read_text().splitlines()
    assert mistakes[0] == '"part","person","mistake","others"'
    assert sum(',"missed",' in line for line in mistakes) == 10 - sum(counts["found"] for counts in parts.values())
    assert [target.met for target in result.targets] == [True, True, True], result.targets
    assert json.dumps(result.figures)
