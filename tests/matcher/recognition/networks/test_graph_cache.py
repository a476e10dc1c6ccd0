from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from matcher.recognition.networks import graph_cache
from matcher.recognition.networks.graph_cache import cache_folder, graph_of
from matcher.recognition.networks.sface import SFace
from matcher.recognition.networks.sface_network import network
from matcher.recognition.registry import SFACE

CHIP = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield cache_folder()


class Counted:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self, data: bytes) -> object:
        self.times += 1
        return network(data)


def test_a_graph_is_made_once(empty_cache: Path) -> None:
    convert = Counted()
    first, second = graph_of(SFACE, convert), graph_of(SFACE, convert)
    assert first == second
    assert convert.times == 1
    (path,) = empty_cache.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert np.array_equal(SFace().embed([CHIP]), SFace().embed([CHIP]))


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"\x00", lambda data: b""])
def test_a_damaged_file_is_not_used(empty_cache: Path, damage: Callable[[bytes], bytes]) -> None:
    expected = graph_of(SFACE, network)
    (path,) = empty_cache.iterdir()
    path.write_bytes(damage(expected))
    convert = Counted()
    assert graph_of(SFACE, convert) == expected
    assert convert.times == 1
    assert [one.name for one in empty_cache.iterdir()] == [path.name]
    assert path.read_bytes() == expected


def test_what_another_version_made_is_replaced(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_cache, "converter_digest", lambda: "of before")
    graph_of(SFACE, network)
    (before,) = empty_cache.iterdir()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(empty_cache.parent.parent))
    convert = Counted()
    graph_of(SFACE, convert)
    (now,) = empty_cache.iterdir()
    assert (convert.times, now.name != before.name) == (1, True)


def test_a_folder_that_others_may_write_to_is_not_used(empty_cache: Path) -> None:
    graph_of(SFACE, network)
    (path,) = empty_cache.iterdir()
    empty_cache.chmod(0o777)
    convert = Counted()
    graph_of(SFACE, convert)
    assert convert.times == 1
    assert [one.name for one in empty_cache.iterdir()] == [path.name]


def test_without_a_folder_to_write_to_the_graph_is_made(empty_cache: Path) -> None:
    empty_cache.parent.mkdir()
    empty_cache.write_text("a file stands in its place")
    convert = Counted()
    assert graph_of(SFACE, convert) == graph_of(SFACE, convert)
    assert convert.times == 2
