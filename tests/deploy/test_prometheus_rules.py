"""promtool on the real files, and that every alert is shown to fire and to keep still."""

import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def folder(deploy: Path) -> Path:
    return deploy / "prometheus"


def _promtool(promtool: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(promtool), *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=["config", "rules", "tests"],
)
def test_promtool_accepts(promtool: Path, folder: Path, arguments: tuple[str, ...]) -> None:
    judged = _promtool(promtool, folder, *arguments)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_a_changed_threshold_is_noticed(promtool: Path, folder: Path, tmp_path: Path) -> None:
    rules = (folder / "rules.yml").read_text()
    (tmp_path / "rules_test.yml").write_text((folder / "rules_test.yml").read_text())
    (tmp_path / "rules.yml").write_text(rules.replace("clearglass_camera_live == 0", "clearglass_camera_live == 2", 1))
    assert _promtool(promtool, tmp_path, "test", "rules", "rules_test.yml").returncode == 1


def test_every_alert_is_shown_to_fire_and_to_keep_still(folder: Path) -> None:
    alerts = set(re.findall(r"- alert: (\w+)", (folder / "rules.yml").read_text()))
    shown: dict[str, set[bool]] = {}
    # A block ends where the next alert begins; with no exp_alerts in it, the alert must keep still.
    for name, block in re.findall(
        r"alertname: (\w+)\n(.*?)(?=alertname:|\Z)", (folder / "rules_test.yml").read_text(), flags=re.S
    ):
        shown.setdefault(name, set()).add("exp_labels" in block)
    assert set(shown) == alerts
    assert {name for name, fired in shown.items() if fired != {True, False}} == set()


def test_every_alert_says_what_to_do(folder: Path) -> None:
    blocks = re.split(r"- alert: ", (folder / "rules.yml").read_text())[1:]
    for block in blocks:
        assert re.search(r"severity: (critical|warning)\n", block), block
        assert "summary:" in block, block
        assert "remedy:" in block, block
