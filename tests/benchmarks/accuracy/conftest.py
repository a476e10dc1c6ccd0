import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.harness.benchmark import Advance, Context


class Silent:
    """No progress shown."""

    @contextlib.contextmanager
    def step(self, description: str, total: float | None = None) -> Iterator[Advance]:
        yield lambda amount: None


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(quick=True, data=tmp_path, out=tmp_path / "out", progress=Silent())
