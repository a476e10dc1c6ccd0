"""What goes into an installation is known, and what must not go into the repository stays out of it."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import missing

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("clearglass.sqlite3", True),
        ("clearglass.sqlite3-wal", True),
        ("somewhere/clearglass.sqlite3-shm", True),
        ("master.key", True),
        ("log.key", True),
        ("log.key.new", True),
        ("witness.key", True),
        ("matcher/log/key.py", False),
        ("matcher/store/database.py", False),
    ],
)
def test_a_data_folder_cannot_be_committed_by_accident(root: Path, name: str, ignored: bool) -> None:
    asked = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", name], cwd=root, check=False)
    assert asked.returncode == (0 if ignored else 1)


def recipe(root: Path, target: str) -> list[str]:
    """The commands that make would run, but for its setup."""
    printed = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--assume-old", ".venv/ready", "VENV=.venv", target],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"MAKEFLAGS": ""},
    )
    return [line for line in printed.stdout.splitlines() if "venv" not in line or line.startswith(".venv/bin/")]


def test_the_bill_of_materials_holds_every_package_of_the_lock_with_its_hashes(root: Path, tmp_path: Path) -> None:
    if find_spec("cyclonedx_py") is None:
        missing("cyclonedx-bom is not installed")
    command = recipe(root, "sbom")[-1].split()
    assert command[0] == ".venv/bin/cyclonedx-py"
    place = command.index("--output-file") + 1
    assert command[place] == "out/sbom.cdx.json"
    command[place] = str(tmp_path / "sbom.json")
    subprocess.run([sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *command[1:]], cwd=root, check=True)
    bill = json.loads((tmp_path / "sbom.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "1.6",
        "clearglass",
    )
    lock = (root / "requirements.lock").read_text()
    locked = re.findall(r"^([\w.-]+)==([\w.]+)", lock, flags=re.MULTILINE)
    assert sorted((one["name"], one["version"]) for one in bill["components"]) == sorted(locked)
    for one in bill["components"]:
        hashes = [kept["content"] for reference in one["externalReferences"] for kept in reference["hashes"]]
        assert hashes and all(f"sha256:{digest}" in lock for digest in hashes), one["name"]


def test_the_lock_is_held_against_known_vulnerabilities_and_nothing_is_passed_over(root: Path) -> None:
    [command] = recipe(root, "audit-dependencies")
    assert command.startswith(".venv/bin/uvx pip-audit@")
    assert command.endswith("--requirement requirements.lock")
    # Without it a package that the source does not know counts as sound.
    assert "--strict" in command.split()


FAKE = """#!/bin/sh
echo "$@" >> "$LOG"
[ "$1" = pull ] && exit 0
for image; do :; done
echo "registry.example/${image%:*}@sha256:$(printf %s "$image" | sha256sum | cut -c1-64)"
"""


def test_images_are_named_by_digest(root: Path, tmp_path: Path) -> None:
    """By a stand-in for podman that says what podman says: no registry is at hand."""
    (tmp_path / "podman").write_text(FAKE)
    (tmp_path / "podman").chmod(0o755)
    environment = os.environ | {"CONTAINER_TOOL": str(tmp_path / "podman"), "LOG": str(tmp_path / "log")}
    printed = subprocess.run(
        [root / "deploy" / "pin-images.sh"], capture_output=True, text=True, check=True, env=environment
    ).stdout
    images = dict(line.split("=", 1) for line in printed.splitlines())
    compose = (root / "deploy" / "compose.yaml").read_text()
    assert set(images) == set(re.findall(r"\$\{(\w+_IMAGE):-", compose))
    assert all(re.fullmatch(r"registry\.example/[\w/]+@sha256:[0-9a-f]{64}", image) for image in images.values())
    pulled = re.findall(r"^pull --quiet (\S+)$", (tmp_path / "log").read_text(), flags=re.MULTILINE)
    tags = dict(re.findall(r"\$\{(\w+_IMAGE):-([^}]+)\}", compose))
    assert pulled == [tags[name] for name in images]
