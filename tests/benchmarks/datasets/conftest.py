from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.datasets.dataset import Dataset
from benchmarks.datasets.registry import open_dataset
from tests.benchmarks.datasets.copies import COPIES


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[str], Dataset]:
    """Writes a small copy into the test's folder and opens it."""

    def make(name: str) -> Dataset:
        COPIES[name](tmp_path)
        return open_dataset(name, tmp_path)

    return make
