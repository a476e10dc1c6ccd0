"""Where the deployment's files are, the real tools that judge them, and the real service as the unit starts it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
PASSWORD = "a long enough password for a test"

Result = TypeVar("Result")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture(scope="session")
def wait_for() -> Callable[[str, Callable[[], Result]], Result]:
    """Calls the condition until it gives something true, and gives that; connection errors count as not yet."""

    def wait(what: str, condition: Callable[[], Result]) -> Result:
        end = time.monotonic() + PATIENCE
        error: OSError | None = None
        while time.monotonic() < end:
            try:
                if result := condition():
                    return result
            except OSError as not_yet:
                error = not_yet
            time.sleep(0.2)
        pytest.fail(f"{what}: not within {PATIENCE:g} s {error or ''}")

    return wait


@contextmanager
def _running(command: list[str], output: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def running() -> Callable[[list[str], Path, dict[str, str]], AbstractContextManager[subprocess.Popen[bytes]]]:
    """A program that runs while the block does, its output in a file."""
    return _running


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running `clearglass serve`."""

    address: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs another command of ours on the same data folder."""
        return _clearglass(self.environment, *arguments)


def _clearglass(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="session")
def serve(
    deploy: Path, wait_for: Callable[[str, Callable[[], str | None]], str]
) -> Callable[..., AbstractContextManager[Served]]:
    """Starts the service on a new folder, as the systemd unit does but for folder, port and the settings given."""
    unit = (deploy / "systemd/clearglass.service").read_text()
    settings = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit, flags=re.M))

    @contextmanager
    def start(folder: Path, **given: str) -> Iterator[Served]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("CLEARGLASS_")}
        (folder / "home").mkdir()
        ours = {"CLEARGLASS_FOLDER": str(folder / "data"), "CLEARGLASS_PORT": "0", "HOME": str(folder / "home")}
        environment = plain | settings | ours | given
        added = _clearglass(environment, "account", "add", "admin", "--role", "administrator", stdin=f"{PASSWORD}\n")
        assert added.returncode == 0, added.stderr
        output = folder / "service.txt"
        with _running([sys.executable, "-m", "api.cli", "serve"], output, environment) as process:

            def address() -> str | None:
                assert process.poll() is None, output.read_text()
                found = re.search(r"https?://(127\.0\.0\.1|0\.0\.0\.0):\d+", output.read_text())
                return found and found.group()

            yield Served(address=wait_for("address", address), process=process, environment=environment)

    return start
