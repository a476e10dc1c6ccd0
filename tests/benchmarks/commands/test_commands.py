import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


@pytest.mark.slow
def test_a_quick_run_types_every_command(tmp_path: Path) -> None:
    """How long they take depends on the machine; that they answer does not."""
    assert main(["commands", "--quick", "--references", "100", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "commands.json").read_text())
    figures = record["figures"]
    assert (figures["references"], figures["people"]) == (100, 20)
    assert figures["log_entries"] > 500
    assert figures["memory_at_rest"]["rss"] > 0
    commands = figures["commands"]
    assert {name: one["failure"] for name, one in commands.items() if one["failure"]} == {}
    assert {"account list", "camera list", "subject list", "subject show", "thresholds", "doctor"} <= set(commands)
    for one in commands.values():
        assert one["seconds"]["count"] == 1
        assert one["processor_seconds"]["p50"] > 0
    assert len(record["targets"]) == 3
    # The data folder that it made is gone again.
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"commands", "commands-tables"}


def test_a_gallery_has_somebody_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["commands", "--references", "0", "--out", str(tmp_path)])
    assert "'0' is no number from 1 on" in capsys.readouterr().err
