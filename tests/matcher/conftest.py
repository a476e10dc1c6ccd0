"""A matcher on a stub recogniser, in a data folder of its own, under a clock that a test can move."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.matcher import Matcher

STUB = Path(__file__).with_name("stub.py")


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("matcher_stub", STUB)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["matcher_stub"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def stub() -> Any:
    return sys.modules.get("matcher_stub") or _load()


@pytest.fixture
def world(stub: Any, tmp_path: Path) -> Any:
    return stub.World(tmp_path / "data")


@pytest.fixture
def matcher(world: Any) -> Iterator[Matcher]:
    with world.open() as opened:
        yield opened
