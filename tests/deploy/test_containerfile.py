"""The image is built from the hashed lock alone, runs as nobody in particular, and misses no file of the package."""

import fnmatch
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOMS = ("matcher", "ingest", "api", "benchmarks")


@pytest.fixture(scope="module")
def instructions(deploy: Path) -> list[tuple[str, str]]:
    """Every instruction of the Containerfile as (name, arguments), continuation lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (deploy / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name.upper(), " ".join(arguments.split())) for name, arguments in lines]


def _arguments(instructions: list[tuple[str, str]], wanted: str) -> list[str]:
    return [arguments for name, arguments in instructions if name == wanted]


def _stages(instructions: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = []
    for instruction in instructions:
        if instruction[0] == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    return stages


def test_packages_come_by_hash_and_nothing_is_compiled(instructions: list[tuple[str, str]]) -> None:
    runs = _arguments(instructions, "RUN")
    assert any("--require-hashes" in run and "--no-deps" in run and "requirements.lock" in run for run in runs)
    assert not any(re.search(r"apt|apk|gcc|build-essential|curl|wget", run) for run in runs)
    for run in runs:
        for install in re.findall(r"pip install[^&]*", run):
            assert "--no-deps" in install, "a package outside the lock could come in"


def test_final_stage_takes_only_the_environment_and_is_not_root(instructions: list[tuple[str, str]]) -> None:
    stages = _stages(instructions)
    assert len(stages) == 2
    final = stages[-1]
    assert _arguments(final, "COPY") == ["--from=build /opt/clearglass /opt/clearglass"]
    user, group = _arguments(final, "USER")[-1].split(":")
    assert int(user) > 0
    assert int(group) > 0
    users = [position for position, (name, _) in enumerate(final) if name == "USER"]
    assert not [name for name, _ in final[users[0] :] if name in {"RUN", "COPY", "ADD"}], "written as another than root"
    assert _arguments(final, "VOLUME") == ["/var/lib/clearglass"]
    assert "install -d -o 10001 -g 10001 -m 0700 /var/lib/clearglass" in _arguments(final, "RUN")[0]


def test_what_is_copied_exists_and_is_let_through(instructions: list[tuple[str, str]], root: Path) -> None:
    ignore = [
        line
        for line in (root / "deploy/Containerfile.dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ignore[0] == "*"
    let_through = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = set()
    for arguments in _arguments(_stages(instructions)[0], "COPY"):
        *sources, _ = arguments.split()
        copied.update(sources)
    for source in copied:
        assert (root / source).exists(), source
    assert copied == let_through


def test_no_address_of_a_registry(deploy: Path) -> None:
    for path in deploy.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not re.search(r"\b(docker\.io|ghcr\.io|quay\.io|pypi\.|pythonhosted)", text), path


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_rooms(root: Path, tmp_path: Path) -> None:
    """The image installs the package not editable: a template or migration left out of package-data is missed there."""
    source = tmp_path / "source"
    for room in ROOMS:
        shutil.copytree(root / room, source / room, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run(
        [*command, "--disable-pip-version-check", "--wheel-dir", str(tmp_path), str(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(source).as_posix()
        for room in ROOMS
        for path in (source / room).rglob("*")
        if path.is_file() and not fnmatch.fnmatch(path.name, "*.md")
    }
    assert not wanted - held
