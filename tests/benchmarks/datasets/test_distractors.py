from pathlib import Path

import pytest

from benchmarks.datasets.distractors import Distractors
from benchmarks.harness.errors import DatasetError
from tests.benchmarks.datasets.copies import COPIES, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    COPIES["megaface"](tmp_path)
    return tmp_path


def test_a_list_says_which_take_part_and_in_what_order(root: Path) -> None:
    assert list(Distractors(root).samples()) == ["2/c.png", "1/10@N00/a.jpg"]


def test_without_a_list_all_pictures_take_part_and_nothing_else(root: Path) -> None:
    (root / "list.json").unlink()
    assert list(Distractors(root).samples()) == ["1/10@N00/a.jpg", "1/10@N00/b.jpg", "2/c.png"]


def test_nothing_is_mated_with_a_distractor(root: Path) -> None:
    dataset = Distractors(root)
    assert {sample.subject for sample in dataset.samples().values()} == {None}
    assert (dataset.trials(), dataset.searches()) == ((), ())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "list.json"),
        ("[" * 100_000, "list.json"),
        ('["2/c.png"]', '"path"'),
        ('{"path": [1]}', '"path"'),
        ('{"path": ["2/c.png", "2/c.png"]}', "twice"),
        ('{"path": ["2/../../c.png"]}', "no path below"),
        ('{"path": ["/c.png"]}', "no path below"),
    ],
)
def test_a_list_that_is_none_is_told(root: Path, content: str, told: str) -> None:
    put(root / "list.json", content)
    with pytest.raises(DatasetError) as error:
        Distractors(root).samples()
    assert told in error.value.message
