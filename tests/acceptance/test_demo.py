"""The demo as a stranger runs it: one command, no step by hand, a verified log entry at the end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import command

pytestmark = pytest.mark.slow


def test_the_demo_raises_an_alert_whose_entry_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "demo", "--once", "--port", "0", "--data", str(folder)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "First alert" in done.stdout
    assert "Log verified" in done.stdout
    report = json.loads(command("audit", "verify", "--data", folder, "--json"))
    assert report["verified"] is True
    kinds = {entry["kind"] for entry in json.loads(command("audit", "show", "--data", folder, "--json"))}
    assert {"request", "outcome"} <= kinds
