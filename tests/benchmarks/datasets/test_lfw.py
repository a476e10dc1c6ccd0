from pathlib import Path

import pytest

from benchmarks.datasets.integrity import departures
from benchmarks.datasets.lfw import Lfw
from benchmarks.datasets.registry import open_dataset
from benchmarks.harness.errors import DataMissingError, DatasetError
from tests.benchmarks.datasets.copies import COPIES, put


def test_the_real_copy_is_complete_and_the_view_is_the_one_there_was(data_folder: Path) -> None:
    lfw = Lfw(data_folder)
    samples, trials = lfw.samples(), lfw.trials()
    assert departures(lfw, data_folder / "lfw") == ()
    assert samples["Abel_Pacheco/Abel_Pacheco_0001"].subject == "Abel_Pacheco"
    genders = [sample.labels.get("gender") for sample in samples.values()]
    assert [genders.count(gender) for gender in ("male", "female", None)] == [10_263, 2_961, 9]
    for trial, pair in zip(trials, lfw.view2(), strict=True):
        assert (trial.mated, trial.fold) == (pair.mated, pair.fold)
        assert [trial.probe, trial.reference] == [f"{path.parent.name}/{path.stem}" for path in (pair.left, pair.right)]
        assert (samples[trial.probe].subject == samples[trial.reference].subject) == trial.mated


def test_gender_is_told_where_just_one_list_has_the_picture(tmp_path: Path) -> None:
    COPIES["lfw"](tmp_path)
    labels = {name: dict(sample.labels) for name, sample in open_dataset("lfw", tmp_path).samples().items()}
    assert labels == {
        "Ada_A/Ada_A_0001": {"gender": "female"},
        "Ada_A/Ada_A_0002": {"gender": "female"},
        "Ada_A/Ada_A_0003": {},
        "Bo_B/Bo_B_0001": {"gender": "male"},
        "Bo_B/Bo_B_0002": {},
        "Cy_C/Cy_C_0001": {},
    }


def test_folds_are_the_first_line_s(tmp_path: Path) -> None:
    COPIES["lfw"](tmp_path)
    assert [trial.fold for trial in open_dataset("lfw", tmp_path).trials()] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Ada_A\t1", "2 fields"),
        ("Ada_A\tone\t2", "'one'"),
        ("Ada_A\t0\t2", "'0'"),
        ("Ada_A\t1\tAda_A\t2", "one person"),
        ("Ada_A\t1\tBo_B\t2\t3", "5 fields"),
    ],
)
def test_a_malformed_line_is_told_with_its_number(tmp_path: Path, line: str, what: str) -> None:
    COPIES["lfw"](tmp_path)
    put(tmp_path / "pairs.txt", f"2\t1\nAda_A\t1\t2\n\n{line}\n")
    with pytest.raises(DatasetError, match="line 4") as told:
        open_dataset("lfw", tmp_path).trials()
    assert what in told.value.message


def test_a_pair_without_its_picture_is_told_with_its_line(tmp_path: Path) -> None:
    COPIES["lfw"](tmp_path)
    (tmp_path / "lfw-deepfunneled" / "Bo_B" / "Bo_B_0002.jpg").unlink()
    with pytest.raises(DataMissingError, match=r"line 4.*Bo_B_0002"):
        open_dataset("lfw", tmp_path).trials()


def test_a_list_that_is_missing_or_no_text_is_told(tmp_path: Path) -> None:
    COPIES["lfw"](tmp_path)
    (tmp_path / "pairs.txt").write_bytes(b"10\t300\nAbel\xff\xfe\t1\t2\n")
    with pytest.raises(DatasetError, match="UTF-8"):
        open_dataset("lfw", tmp_path).trials()
    (tmp_path / "pairs.txt").unlink()
    with pytest.raises(DataMissingError, match=r"pairs\.txt"):
        open_dataset("lfw", tmp_path).trials()
