"""A matcher on a stub recogniser, in a data folder of its own, under a clock that a test can move."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from matcher.matcher import Matcher
from tests.matcher import stub as stub_module
from tests.matcher.stub import World


@pytest.fixture(scope="session")
def stub() -> ModuleType:
    return stub_module


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "data")


@pytest.fixture
def matcher(world: World) -> Iterator[Matcher]:
    with world.open() as opened:
        yield opened
