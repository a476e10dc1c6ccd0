"""The unit as systemd itself reads it, and how exposed systemd finds it."""

import os
import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def unit(deploy: Path, tmp_path: Path) -> Path:
    """The unit with a program in it that is there: systemd looks whether it is executable."""
    text = (deploy / "systemd/clearglass.service").read_text()
    copy = tmp_path / "clearglass.service"
    copy.write_text(re.sub(r"^ExecStart=/opt/clearglass/bin/clearglass ", "ExecStart=/bin/true ", text, flags=re.M))
    assert "ExecStart=/bin/true serve" in copy.read_text()
    return copy


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # Colours and a pager would be for people.
    quiet = os.environ | {"SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "SYSTEMD_LOG_LEVEL": "notice"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=quiet)


def test_systemd_understands_every_line(systemd_analyze: Path, unit: Path) -> None:
    verified = _run([str(systemd_analyze), "verify", "--recursive-errors=no", str(unit)])
    complaints = [line for line in verified.stderr.splitlines() if "clearglass" in line]
    assert verified.returncode == 0, verified.stderr
    assert not complaints


def test_exposure_stays_low(systemd_analyze: Path, unit: Path) -> None:
    # In tenths: 1.5 of 10. The camera needs the network, which alone is 0.8 of it.
    judged = _run([str(systemd_analyze), "security", "--offline=true", "--threshold=15", "--no-pager", str(unit)])
    assert judged.returncode == 0, judged.stdout[-800:] + judged.stderr


def test_workers_may_confine_themselves(systemd_analyze: Path, unit: Path) -> None:
    """Every system call of the sandbox is one that systemd knows, and that the unit lets through."""
    lines = re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), flags=re.M)
    let_through = {call for line in lines if not line.startswith("~") for call in line.split()}
    refused = {call for line in lines if line.startswith("~") for call in line[1:].split()}
    needed = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"}
    assert needed <= let_through
    known = _run([str(systemd_analyze), "syscall-filter", "@known"]).stdout.split()
    assert needed <= set(known)
    groups = "".join(_run([str(systemd_analyze), "syscall-filter", group]).stdout for group in refused)
    assert not needed & set(groups.split())


def test_a_careless_unit_would_be_caught(systemd_analyze: Path, unit: Path) -> None:
    unit.write_text(
        re.sub(r"^(CapabilityBoundingSet|SystemCallFilter|ProtectSystem)=.*\n", "", unit.read_text(), flags=re.M)
    )
    assert _run([str(systemd_analyze), "security", "--offline=true", "--threshold=15", str(unit)]).returncode != 0
    unit.write_text(unit.read_text() + "\n[Service]\nProtectSytem=strict\n")
    misspelt = _run([str(systemd_analyze), "verify", "--recursive-errors=no", str(unit)])
    assert "ProtectSytem" in misspelt.stderr
