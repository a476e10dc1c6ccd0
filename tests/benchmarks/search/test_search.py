import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.__main__ import main
from benchmarks.search.search_contestants import CONTESTANTS, EXACT, OWN

Vectors = npt.NDArray[np.float32]


def vectors(count: int) -> Vectors:
    found = np.random.default_rng(5).normal(size=(count, 128)).astype(np.float32)
    whole: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
    return whole


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_contestant_finds_what_is_there_and_let_through(name: str) -> None:
    held = vectors(2_000)
    one = CONTESTANTS[name](held)
    assert one.bytes >= held.nbytes // 2
    assert one.search(held[:5], 3, None)[:, 0].tolist() == [0, 1, 2, 3, 4]
    mask = np.ones(2_000, np.bool_)
    mask[0] = False
    assert 0 not in one.search(held[:1], 3, mask)


@pytest.mark.parametrize(("name", "contestants", "targets"), [("search", CONTESTANTS, 4), ("search-huge", OWN, 2)])
def test_a_quick_run_tells_speed_and_recall(
    name: str, contestants: Mapping[str, Any], targets: int, data_folder: Path, tmp_path: Path
) -> None:
    assert main([name, "--quick", "--data", str(data_folder), "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / f"{name}.json").read_text())
    figures = record["figures"]["sizes"]["3000"]
    assert set(figures) == set(contestants)
    exact = figures[EXACT]["mated_recall"]
    assert {counted["recall"] for counted in exact.values()} == {1.0}
    assert len(record["targets"]) == targets
