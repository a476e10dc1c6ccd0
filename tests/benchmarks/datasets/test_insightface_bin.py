import io
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.datasets.insightface_bin import CALFW, InsightfaceBin
from benchmarks.harness.errors import DatasetError
from matcher.recognition.networks.alignment import SFACE_POINTS
from tests.benchmarks.datasets.copies import jpeg

PICTURES = [jpeg(seed) for seed in range(4)]


def opened(path: Path, content: bytes) -> InsightfaceBin:
    path.write_bytes(content)
    return InsightfaceBin(path, CALFW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calfw.bin"


def test_pictures_make_pairs_in_ten_folds(path: Path) -> None:
    pictures = [b"%d" % index for index in range(40)]
    dataset = opened(path, pickle.dumps((pictures, [index % 3 == 0 for index in range(20)])))
    samples = dataset.samples()
    assert [samples[name].pictures[0].read() for name in samples] == pictures
    for index, trial in enumerate(dataset.trials()):
        read = [samples[name].pictures[0].read() for name in (trial.probe, trial.reference)]
        assert read == pictures[2 * index : 2 * index + 2]
        assert (trial.mated, trial.fold) == (index % 3 == 0, index // 2)


def test_a_chip_stands_where_the_networks_want_it(path: Path) -> None:
    dataset = opened(path, pickle.dumps((PICTURES, [True, False])))
    for sample in dataset.samples().values():
        assert sample.subject is None
        landmarks = sample.pictures[0].landmarks
        assert landmarks is not None
        np.testing.assert_allclose(landmarks, SFACE_POINTS, atol=1e-5)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("pictures", "mated"),
    [
        (PICTURES, [True, False]),
        (tuple(PICTURES), (1, 0)),
        ([np.frombuffer(picture, np.uint8) for picture in PICTURES], np.array([True, False])),
        ([np.frombuffer(picture, np.uint8).reshape(-1, 1).copy() for picture in PICTURES], [np.True_, np.False_]),
    ],
    ids=["bytes", "tuples", "arrays", "columns"],
)
def test_whatever_tool_packed_it_the_same_is_read(path: Path, protocol: int, pictures: object, mated: object) -> None:
    dataset = opened(path, pickle.dumps((pictures, mated), protocol=protocol))
    assert [sample.pictures[0].read() for sample in dataset.samples().values()] == PICTURES
    assert [trial.mated for trial in dataset.trials()] == [True, False]


def test_files_of_older_numpy_are_read(path: Path) -> None:
    """They name its inner modules without the underscore that numpy 2 put there."""
    content = pickle.dumps(([np.frombuffer(PICTURES[0], np.uint8)] * 2, np.array([True])), protocol=2)
    assert b"numpy._core" in content
    dataset = opened(path, content.replace(b"numpy._core", b"numpy.core"))
    assert [sample.pictures[0].read() for sample in dataset.samples().values()] == [PICTURES[0]] * 2


def test_files_of_python_2_are_read(path: Path) -> None:
    """Its texts were bytes: opcode U, here in its long form T."""
    pictures = b"".join(b"T" + len(picture).to_bytes(4, "little") + picture for picture in PICTURES)
    content = b"\x80\x02](" + pictures + b"e](\x88\x89e\x86."
    dataset = opened(path, content)
    assert [sample.pictures[0].read() for sample in dataset.samples().values()] == PICTURES
    assert [trial.mated for trial in dataset.trials()] == [True, False]


class _Bomb:
    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._target,)


def test_a_pickle_that_would_run_something_is_refused_and_does_not(path: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"asks for pathlib") as told:
        opened(path, pickle.dumps(([_Bomb(tmp_path / "ran")], [True]))).samples()
    assert not (tmp_path / "ran").exists()
    assert str(path) in told.value.message
    pickle.loads(pickle.dumps(_Bomb(tmp_path / "ran")))
    assert (tmp_path / "ran").exists(), "the pickle was harmless all along"


@pytest.mark.parametrize(
    "content",
    [
        b"cposix\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"c__builtin__\ngetattr\n.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\nfromfile\n(S'x'\ntR.",
        b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.__new__\x93.",
        b"cnumpy\nndarray\n(I1\ntR.",
        b"c_codecs\nencode\n(S'x'\nS'zip'\ntR.",
        b"Pperson\n.",
        b"\x80\x02\x82\x01.",
    ],
)
def test_no_function_is_found(path: Path, content: bytes) -> None:
    with pytest.raises(DatasetError):
        opened(path, content).samples()


def test_a_pickle_cannot_change_what_reads_it(path: Path) -> None:
    """The opcode b sets attributes of what stands before it, here the defaults of a function that is allowed."""
    content = b"c_codecs\nencode\n(N}S'__defaults__'\n(S'x'\ntstb."
    pickletools.dis(content, io.StringIO())
    with pytest.raises(DatasetError, match="change"):
        opened(path, content).samples()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", ""),
        (b"\xff\xd8\xff not a pickle at all", ""),
        (pickle.dumps((PICTURES, [True, False]))[:-200], ""),
        (pickle.dumps((PICTURES, [True])), "4 pictures do not make 1 pairs"),
        (pickle.dumps(([*PICTURES[:3], "text"], [True, False])), "picture 3 is str"),
        (pickle.dumps(([*PICTURES[:3], b""], [True, False])), "picture 3"),
        (pickle.dumps(([np.zeros(3, np.float32), PICTURES[0]], [True])), "picture 0 is Array"),
        (pickle.dumps((PICTURES, [True, None])), "pair 1"),
        (pickle.dumps((PICTURES, [True, 2])), "pair 1"),
        (pickle.dumps((PICTURES, [np.float64(1), True])), "neither true nor false"),
        (pickle.dumps(PICTURES), "two lists"),
        (pickle.dumps({"pictures": PICTURES}), "two lists"),
        (pickle.dumps((PICTURES, {True: 1})), "two lists"),
    ],
)
def test_what_is_no_such_file_is_told(path: Path, content: bytes, what: str) -> None:
    with pytest.raises(DatasetError, match=r"calfw\.bin is no InsightFace file") as told:
        opened(path, content).trials()
    assert what in told.value.message
