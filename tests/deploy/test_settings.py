"""What the deployment sets is what the service reads: a setting under a wrong name is silently none."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def read() -> set[str]:
    """Names of every environment variable that the service reads."""
    import typer

    from api.cli.main import app
    from api.settings import ApiSettings
    from ingest.settings import IngestSettings
    from matcher.settings import MatcherSettings

    every = [
        f"CLEARGLASS_{field}".upper()
        for settings in (ApiSettings, IngestSettings, MatcherSettings)
        for field in settings.model_fields
    ]
    serve = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    return {*every, *(str(option.envvar) for option in serve.params if option.envvar)}


def _named(deploy: Path) -> Iterator[tuple[str, str]]:
    for path in deploy.rglob("*"):
        if path.is_file():
            for name in re.findall(r"\bCLEARGLASS_[A-Z_]+[A-Z]", path.read_text()):
                yield path.name, name


def test_every_setting_named_is_read(deploy: Path, read: set[str]) -> None:
    named = list(_named(deploy))
    assert {"Containerfile", "compose.yaml", "clearglass.service", "README.md"} <= {file for file, _ in named}
    assert [(file, name) for file, name in named if name not in read] == []


def test_folder_and_address_are_set_the_same_everywhere(deploy: Path) -> None:
    image = dict(re.findall(r"\b(CLEARGLASS_\w+)=(\S+)", (deploy / "Containerfile").read_text()))
    unit = dict(
        re.findall(r"^Environment=(CLEARGLASS_\w+)=(\S+)", (deploy / "systemd/clearglass.service").read_text(), re.M)
    )
    assert set(image) == set(unit)
    differing = {name for name in image if image[name] != unit[name]}
    assert differing == {"CLEARGLASS_HOST"}, "a container listens for its network, a machine for itself"
    assert unit["CLEARGLASS_HOST"] == "127.0.0.1"


def test_the_unit_lets_through_the_networks_that_cameras_may_be_on(deploy: Path) -> None:
    from ingest.settings import PRIVATE_NETWORKS

    unit = (deploy / "systemd/clearglass.service").read_text()
    allowed = {name for line in re.findall(r"^IPAddressAllow=(.*)$", unit, flags=re.M) for name in line.split()}
    assert allowed == {"localhost", *PRIVATE_NETWORKS}
    assert re.search(r"^IPAddressDeny=any$", unit, flags=re.M)


def test_nothing_is_reported_to_the_maker_of_the_runtime(deploy: Path) -> None:
    for file in ("Containerfile", "systemd/clearglass.service"):
        assert re.search(r"\bORT_DISABLE_TELEMETRY=1\b", (deploy / file).read_text()), file


def test_memory_is_limited_the_same_everywhere_and_suffices(deploy: Path) -> None:
    from api.doctor import CAMERA_MEMORY, MIN_MEMORY_BYTES

    unit = re.findall(r"^MemoryMax=(\d+)G$", (deploy / "systemd/clearglass.service").read_text(), flags=re.M)
    composed = re.findall(r"mem_limit: \$\{MEMORY_LIMIT:-(\d+)g\}", (deploy / "compose.yaml").read_text())
    assert unit == composed
    assert int(unit[0]) << 30 >= MIN_MEMORY_BYTES + 7 * CAMERA_MEMORY, "eight cameras"


def test_freed_pictures_go_back_to_the_kernel(deploy: Path) -> None:
    for file in ("Containerfile", "systemd/clearglass.service"):
        for setting in ("MALLOC_MMAP_THRESHOLD_=4194304", "MALLOC_ARENA_MAX=2"):
            assert re.search(rf"\b{setting}\b", (deploy / file).read_text()), (file, setting)
