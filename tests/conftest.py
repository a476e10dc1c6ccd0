"""Fixtures every room's tests share: the public data, a portrait that is always there, one real recogniser."""

import asyncio
import gc
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import settings

from matcher.picture.pixel_array import Image
from matcher.recognition.recogniser import Recogniser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A time limit on each example says more about who else uses the machine than about the code.
settings.register_profile("clearglass", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=20)
settings.load_profile("clearglass")


CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


LONG = {"acceptance", "benchmarks", "deploy"}
"""The rooms whose files take long: they run first, so that of several processes none is alone with one at the end."""


def missing(what: str) -> NoReturn:
    """Skips, saying what is missing; on CI everything is there, and a skip would be a test that silently stopped."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


PARTS = {"data_folder": "public data"}
"""Fixtures that give a part of the machine which may be missing, and the part's name."""


def program(name: str) -> Callable[[], Path]:
    """A fixture that finds an installed program."""
    fixture = name.replace("-", "_")
    PARTS[fixture] = name

    @pytest.fixture(scope="session", name=fixture)
    def found() -> Path:
        path = shutil.which(name)
        return Path(path) if path else missing(f"{name} is not installed")

    return found


aics_tlog = program("aics-tlog")
chromium = program("chromium")
nsenter = program("nsenter")
prometheus = program("prometheus")
promtool = program("promtool")
strace = program("strace")
systemd_analyze = program("systemd-analyze")
unshare = program("unshare")


def mark_tests(items: list[pytest.Item]) -> None:
    """Marks each test with the parts of the machine that it needs; fast is what needs none and is not slow."""
    for item in items:
        for fixture in sorted(PARTS.keys() & set(getattr(item, "fixturenames", ()))):
            item.add_marker(pytest.mark.needs(PARTS[fixture]))
        if item.get_closest_marker("slow") is None and item.get_closest_marker("needs") is None:
            item.add_marker("fast")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Marks tests before any are chosen by marks; then, in the order that others gave, puts long files first."""
    tests = Path(__file__).parent
    mark_tests(items)
    yield
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in LONG)


def pytest_collection_finish() -> None:
    """Modules and collected tests stay until the end: no later collection of garbage looks through them."""
    gc.freeze()


@pytest.fixture(autouse=True)
def bare_machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hides from a fast test the programs and the data that it must not need."""
    if request.node.get_closest_marker("fast"):
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("CLEARGLASS_DATA", str(tmp_path / "no public data"))


@pytest.fixture(scope="session")
def in_a_loop() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine in a loop and a thread of its own: Playwright's loop stays in the main one between tests."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(asyncio.run, work).result()

    return run


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator["Browser"]:
    """Debian's Chromium, one for all tests: Playwright keeps a loop in this thread for as long as it runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CLEARGLASS_DATA", default))
    if not (folder / "lfw").is_dir():
        missing(f"public data not found at {folder}: set CLEARGLASS_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def astronaut() -> Image:
    from skimage import data

    picture: Image = data.astronaut()[:, :, ::-1].copy()
    return picture


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: Image) -> bytes:
    from matcher.recognition.image import encode_jpeg

    return encode_jpeg(astronaut)


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    from matcher.recognition.networks.pipeline import load_recogniser

    return load_recogniser()
