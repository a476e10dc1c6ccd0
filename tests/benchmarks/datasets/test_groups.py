"""The sets whose people or pictures are labelled by group: RFW, BFW, DemogPairs, FairFace, UTKFace."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.datasets.dataset import Dataset
from benchmarks.datasets.registry import open_dataset
from benchmarks.datasets.utkface import UtkFace
from benchmarks.harness.errors import DataMissingError, DatasetError
from tests.benchmarks.datasets.copies import COPIES, GROUPS, put

Opened = Callable[[str], Dataset]


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_rfw_has_ten_folds_in_each_of_four_parts(opened: Opened) -> None:
    dataset = opened("rfw")
    samples = dataset.samples()
    folds: Counter[tuple[str, int]] = Counter()
    for trial in dataset.trials():
        race = samples[trial.probe].labels["race"]
        assert samples[trial.reference].labels["race"] == race
        assert trial.probe.startswith(f"{race}/")
        folds[race, trial.fold] += 1
    assert folds == {(race, fold): 2 for race in ("African", "Asian", "Caucasian", "Indian") for fold in range(10)}


def test_rfw_without_one_part_is_told(tmp_path: Path) -> None:
    COPIES["rfw"](tmp_path)
    (tmp_path / "txts" / "Indian" / "Indian_pairs.txt").unlink()
    with pytest.raises(DataMissingError, match=r"Indian_pairs\.txt"):
        open_dataset("rfw", tmp_path)


def test_rfw_tells_which_line_names_a_picture_that_is_not_there(tmp_path: Path) -> None:
    COPIES["rfw"](tmp_path)
    (tmp_path / "data" / "Asian" / "m.0As1" / "m.0As1_0003.jpg").unlink()
    with pytest.raises(DataMissingError, match=r"Asian_pairs\.txt, line 3.*m\.0As1_0003"):
        open_dataset("rfw", tmp_path).trials()


def test_bfw_is_its_table_with_groups_from_the_paths(opened: Opened) -> None:
    dataset = opened("bfw")
    labels = [dict(sample.labels) for sample in dataset.samples().values()]
    assert labels == [{"ethnicity": "asian", "gender": "female"}] * 2 + [{"ethnicity": "white", "gender": "male"}]
    assert [(trial.mated, trial.fold) for trial in dataset.trials()] == [(True, 0), (False, 0), (False, 4)]
    assert dataset.trials()[2].reference == "white_males/n7/1.jpg"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("white_males/n7/1.jpg,0", "white_males/n7/1.jpg,1", "line 3: the label and the people"),
        ("white_males", "green_males", "line 3: 'green_males/n7/1.jpg'"),
        ("white_males/n7", "white_males", "line 3"),
        ("white_males/n7/1.jpg", "white_males/../1.jpg", "line 3"),
        (",1,asian", ",0,asian", "line 2: '0' is no whole number"),
        (",1,asian", ",300,asian", "line 2: 300 is no fold"),
        (",1,0,0,", ",maybe,0,0,", "line 2: 'maybe'"),
        (",0.8\n", "\n", "line 2: not as many fields"),
        (",p1,", ",left,", "line 1: the header lacks p1"),
    ],
)
def test_a_malformed_row_of_bfw_is_told_with_its_number(tmp_path: Path, old: str, new: str, told: str) -> None:
    COPIES["bfw"](tmp_path)
    edited(tmp_path / "meta" / "bfw-v0.1.5-datatable.csv", old, new)
    with pytest.raises(DatasetError) as error:
        open_dataset("bfw", tmp_path).trials()
    assert told in error.value.message


def test_of_two_tables_of_bfw_neither_is_guessed(tmp_path: Path) -> None:
    COPIES["bfw"](tmp_path)
    put(tmp_path / "bfw-v0.1.6-datatable.csv", "fold,p1,p2,label\n")
    with pytest.raises(DataMissingError, match="2 tables"):
        open_dataset("bfw", tmp_path)


def test_demogpairs_is_every_picture_against_every_other(opened: Opened) -> None:
    dataset = opened("demogpairs")
    trials = list(dataset.trials())
    assert len(trials) == 12 * 11 // 2
    assert sum(trial.mated for trial in trials) == 6
    assert {tuple(sample.labels.values()) for sample in dataset.samples().values()} == {
        (ethnicity, gender) for ethnicity in ("asian", "black", "white") for gender in ("female", "male")
    }


def test_demogpairs_is_the_same_by_lists(tmp_path: Path) -> None:
    COPIES["demogpairs"](tmp_path / "folders")
    for group in GROUPS:
        people = f"somebody_of_{group}"
        put(
            tmp_path / "lists" / "Metadata" / f"{group}.txt",
            f"db_code image_path\nc {people}/1.jpg\nv {people}/2.jpg\n",
        )
        for number in (1, 2):
            put(tmp_path / "lists" / "DemogPairs" / people / f"{number}.jpg")
    listed, found = open_dataset("demogpairs", tmp_path / "lists"), open_dataset("demogpairs", tmp_path / "folders")
    assert list(listed.trials()) == list(found.trials())
    for sample in listed.samples().values():
        assert sample.pictures[0].read() == found.samples()[sample.name].pictures[0].read()


@pytest.mark.parametrize("line", ["1.jpg", "a/b/1.jpg", "../1.jpg"])
def test_a_malformed_line_of_demogpairs_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    for group in GROUPS:
        put(tmp_path / "Metadata" / f"{group}.txt", "somebody/1.jpg\n")
    put(tmp_path / "Metadata" / "Black_Males.txt", f"somebody_else/1.jpg\n{line}\n")
    with pytest.raises(DatasetError, match=r"Black_Males\.txt, line 2"):
        open_dataset("demogpairs", tmp_path).samples()


def test_fairface_has_labels_and_no_trials(opened: Opened) -> None:
    dataset = opened("fairface")
    assert [dict(sample.labels) for sample in dataset.samples().values()] == [
        {"age": "50-59", "gender": "male", "race": "East Asian"},
        {"age": "0-2", "gender": "female", "race": "Black"},
        {"age": "more than 70", "gender": "female", "race": "Latino_Hispanic"},
    ]
    assert {sample.subject for sample in dataset.samples().values()} == {None}
    assert dataset.trials() == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("train/2.jpg", "train/1.jpg", "line 3: train/1.jpg a second time"),
        ("train/2.jpg", "/etc/passwd", "line 3"),
        ("0-2,Female", "0-2,", "line 3: no gender"),
        ("age,", "", "line 1: the header lacks age"),
        ("Black,False", "Black", "line 3: not as many"),
    ],
)
def test_a_malformed_row_of_fairface_is_told_with_its_number(tmp_path: Path, old: str, new: str, told: str) -> None:
    COPIES["fairface"](tmp_path)
    edited(tmp_path / "fairface_label_train.csv", old, new)
    with pytest.raises(DatasetError) as error:
        open_dataset("fairface", tmp_path).samples()
    assert told in error.value.message


def test_utkface_leaves_out_what_its_names_do_not_tell(opened: Opened) -> None:
    dataset = opened("utkface")
    assert isinstance(dataset, UtkFace)
    assert {name: dict(sample.labels) for name, sample in dataset.samples().items()} == {
        "100_0_4_20170110183726390.jpg.chip.jpg": {"age": "100", "gender": "male", "race": "Others"},
        "part1/26_1_0_20170116184024662.jpg": {"age": "26", "gender": "female", "race": "White"},
    }
    assert sorted(dataset.left_out()) == [
        "161_1_0_20170116174525125.jpg",
        "24_0_1_20170116220224657 .jpg",
        "39_1_7_20170116174525125.jpg",
        "61_1_20170109150557335.jpg.chip.jpg",
    ]
