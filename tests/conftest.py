"""Fixtures every room's tests share: the public data, a portrait that is always there, one real recogniser."""

import asyncio
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first; otherwise the order stays."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in LONG)


def missing(what: str) -> NoReturn:
    """Skips, saying what is missing; on CI everything is there, and a skip would be a test that silently stopped."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def in_a_loop() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine in a loop and a thread of its own: Playwright's loop stays in the main one between tests."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(asyncio.run, work).result()

    return run


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Finds a program that a test needs from outside Python."""

    def find(name: str) -> Path:
        path = shutil.which(name)
        return Path(path) if path else missing(f"{name} is not installed")

    return find


@pytest.fixture(scope="session")
def browser(tool: Callable[[str], Path]) -> Iterator["Browser"]:
    """Debian's Chromium, one for all tests: Playwright keeps a loop in this thread for as long as it runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


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

    return data.astronaut()[:, :, ::-1].copy()


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: Image) -> bytes:
    from matcher.recognition.image import encode_jpeg

    return encode_jpeg(astronaut)


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    from matcher.recognition.networks.pipeline import load_recogniser

    return load_recogniser()
