"""`systemctl stop` and `podman stop` send SIGTERM: the service ends what it began, and says so in its log."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_sigterm_ends_the_service_properly(serve: Any, tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        served.process.send_signal(signal.SIGTERM)
        # What systemd takes as a clean end: 0, or the signal that it sent.
        assert served.process.wait(30) in {0, -signal.SIGTERM}
        shown = served.command("audit", "show", "--json")
        assert shown.returncode == 0, shown.stderr
        newest = max(json.loads(shown.stdout), key=lambda entry: entry["index"])
        assert newest["kind"] == "stop"
        verified = served.command("audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        # Nothing beside the data folder; ONNX Runtime, unless told otherwise, keeps usage events for its maker there.
        assert list((tmp_path / "home").rglob("*")) == []
