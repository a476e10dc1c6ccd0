from collections import Counter
from pathlib import Path

import pytest

from benchmarks.datasets.folder import Folder
from benchmarks.harness.errors import DataMissingError, DatasetError
from tests.benchmarks.datasets.copies import COPIES, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    COPIES["folder"](tmp_path)
    return tmp_path


def test_what_is_said_of_a_picture_goes_before_what_is_said_of_its_person(root: Path) -> None:
    put(root / "labels.csv", "who,gender,age\nada,female,39\nada/1.jpg,,40\nbo,male,\n")
    samples = Folder(root).samples()
    assert dict(samples["ada/0.jpg"].labels) == {"gender": "female", "age": "39"}
    assert dict(samples["ada/1.jpg"].labels) == {"gender": "female", "age": "40"}
    assert dict(samples["bo/0.jpg"].labels) == {"gender": "male"}
    assert dict(samples["cy/0.jpg"].labels) == {}
    assert "ada/notes.txt" not in samples


def test_without_a_cap_every_mated_pair_is_a_trial_and_as_many_others(root: Path) -> None:
    mated = [trial.mated for trial in Folder(root).trials()]
    assert (mated.count(True), mated.count(False)) == (6 + 1, 7)


def test_a_cap_is_for_each_person(root: Path) -> None:
    trials = Folder(root, pairs_a_person=2).trials()
    people = Counter(trial.probe.split("/")[0] for trial in trials if trial.mated)
    assert people == {"ada": 2, "bo": 1}
    assert sum(not trial.mated for trial in trials) == 3


def test_the_seed_says_what_is_drawn(root: Path) -> None:
    drawn = [list(Folder(root, pairs_a_person=2, seed=seed).trials()) for seed in range(8)]
    assert len({tuple(trials) for trials in drawn}) > 1
    assert drawn == [list(Folder(root, pairs_a_person=2, seed=seed).trials()) for seed in range(8)]


def test_where_there_are_fewer_non_mated_pairs_all_are_taken(tmp_path: Path) -> None:
    for name in ("ada/1.jpg", "ada/2.jpg", "ada/3.jpg", "ada/4.jpg", "bo/1.jpg"):
        put(tmp_path / name)
    mated = [trial.mated for trial in Folder(tmp_path).trials()]
    assert (mated.count(True), mated.count(False)) == (6, 4)


def test_one_person_alone_has_no_non_mated_trials(tmp_path: Path) -> None:
    for name in ("ada/1.jpg", "ada/2.jpg"):
        put(tmp_path / name)
    assert [trial.mated for trial in Folder(tmp_path).trials()] == [True]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("dora,female,3", "line 3: there is no person and no picture 'dora'"),
        ("ada,female,3", "line 3: 'ada' a second time"),
        ("bo,male", "line 3: not as many fields"),
        ("bo,male,3,4", "line 3: not as many fields"),
    ],
)
def test_a_malformed_label_is_told_with_its_line(root: Path, row: str, told: str) -> None:
    put(root / "labels.csv", f"who,gender,age\nada,female,\n{row}\n")
    with pytest.raises(DatasetError) as error:
        Folder(root).samples()
    assert told in error.value.message


def test_a_header_that_names_a_column_twice_is_told(root: Path) -> None:
    put(root / "labels.csv", "who,age,age\nada,1,2\n")
    with pytest.raises(DatasetError, match=r"line 1.*twice"):
        Folder(root).samples()


def test_a_folder_of_people_without_pictures_is_told(tmp_path: Path) -> None:
    put(tmp_path / "ada" / "notes.txt", "no picture")
    with pytest.raises(DataMissingError, match="nobody"):
        Folder(tmp_path)
