from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets.registry import open_dataset
from benchmarks.datasets.trial_table import TrialTable
from benchmarks.harness.errors import DataMissingError, DatasetError
from tests.benchmarks.datasets.copies import COPIES, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    COPIES["ijb-c"](tmp_path)
    return tmp_path


def test_a_template_has_its_pictures_their_media_and_their_landmarks(root: Path) -> None:
    samples = open_dataset("ijb-c", root).samples()
    assert list(samples) == ["10", "20", "30", "11", "21"]
    assert [picture.name for picture in samples["10"].pictures] == ["1/0.jpg", "2/1.jpg", "2/2.jpg"]
    assert [sample.subject for sample in samples.values()] == ["1", "2", "3", "1", "2"]
    landmarks = samples["20"].pictures[0].landmarks
    assert landmarks is not None
    np.testing.assert_allclose(landmarks[0], [338.5, 51.5])
    np.testing.assert_allclose(landmarks[4], [70.7, 92.2])
    assert samples["20"].pictures[0].read() == (root / "loose_crop" / "3.jpg").read_bytes()


def test_one_to_one_is_a_table_in_the_order_of_its_file(root: Path) -> None:
    trials = open_dataset("ijb-c", root).trials()
    assert isinstance(trials, TrialTable)
    assert [(trial.probe, trial.reference, trial.mated) for trial in trials] == [
        ("10", "11", True),
        ("10", "20", False),
        ("21", "20", True),
        ("30", "11", False),
    ]


@pytest.mark.parametrize(("name", "galleries"), [("ijb-b", ("S1", "S2")), ("ijb-c", ("G1", "G2"))])
def test_every_probe_is_searched_in_each_gallery(tmp_path: Path, name: str, galleries: tuple[str, str]) -> None:
    COPIES[name](tmp_path)
    first, second = open_dataset(name, tmp_path).searches()
    assert (first.name, first.gallery, first.probes) == (f"{name} {galleries[0]}", ("10",), ("30", "11", "21"))
    assert (second.name, second.gallery, second.probes) == (f"{name} {galleries[1]}", ("20",), ("30", "11", "21"))


def test_without_the_files_of_one_to_many_there_are_no_searches_and_no_subjects(root: Path) -> None:
    for path in (root / "meta").glob("*1N*"):
        path.unlink()
    dataset = open_dataset("ijb-c", root)
    assert dataset.searches() == ()
    assert {sample.subject for sample in dataset.samples().values()} == {None}
    assert len(dataset.trials()) == 4


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("face_tid_mid.txt", "3.jpg 20 3", "3.jpg 20", "line 4: 2 fields"),
        ("face_tid_mid.txt", "3.jpg 20 3", "3.jpg twenty 3", "line 4: 'twenty'"),
        ("face_tid_mid.txt", "3.jpg 20 3", "4.jpg 20 3", "line 4: landmarks of 3.jpg"),
        ("face_tid_mid.txt", "6.jpg 21 6\n", "", "line 7: landmarks of a picture that is in no template"),
        ("name_5pts_score.txt", "338.5 51.5", "338.5 left", "line 4: a landmark"),
        ("name_5pts_score.txt", "338.5 51.5", "338.5 nan", "line 4: a landmark"),
        ("name_5pts_score.txt", "338.5 51.5", "338.5", "line 4: 11 fields"),
        ("template_pair_label.txt", "21 20 1", "21 20", "line 3: 2 fields"),
        ("template_pair_label.txt", "21 20 1", "21 20 2", "line 3: 2 is neither"),
        ("template_pair_label.txt", "21 20 1", "21 20 one", "line 3: 'one'"),
        ("template_pair_label.txt", "21 20 1", "21 22 1", "line 3: template 22"),
        ("template_pair_label.txt", "21 20 1", "21 99999999999 1", "too large"),
        ("1N_probe_mixed.csv", "11,1,", "12,1,", "line 3: template 12"),
        ("1N_probe_mixed.csv", "11,1,img/5.jpg", "11,1", "line 3: not as many fields"),
        ("1N_probe_mixed.csv", "SUBJECT_ID", "WHO", "line 1: the header lacks SUBJECT_ID"),
        ("1N_gallery_G1.csv", "10,1,frames", "10,2,frames", "line 3: template 10 of a second subject"),
    ],
)
def test_a_malformed_line_is_told_with_its_number(root: Path, file: str, old: str, new: str, told: str) -> None:
    path = root / "meta" / f"ijbc_{file}"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    dataset = open_dataset("ijb-c", root)
    with pytest.raises(DatasetError) as error:
        dataset.samples(), dataset.trials(), dataset.searches()
    assert told in error.value.message
    assert str(root / "meta") in error.value.message


def test_landmarks_that_end_early_are_told(root: Path) -> None:
    path = root / "meta" / "ijbc_name_5pts_score.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    with pytest.raises(DatasetError, match="line 4: there is no line of landmarks"):
        open_dataset("ijb-c", root).samples()


def test_a_picture_outside_the_set_is_not_read(root: Path) -> None:
    for file in ("face_tid_mid.txt", "name_5pts_score.txt"):
        path = root / "meta" / f"ijbc_{file}"
        path.write_text(path.read_text().replace("3.jpg", "../../3.jpg"))
    with pytest.raises(DatasetError, match=r"line 4.*no path within"):
        open_dataset("ijb-c", root).samples()


def test_a_list_that_is_missing_is_told_by_its_name(root: Path) -> None:
    (root / "meta" / "ijbc_template_pair_label.txt").unlink()
    with pytest.raises(DataMissingError, match=r"ijbc_template_pair_label\.txt"):
        open_dataset("ijb-c", root)


def test_no_pairs_are_no_trials(root: Path) -> None:
    put(root / "meta" / "ijbc_template_pair_label.txt", "\n")
    assert list(open_dataset("ijb-c", root).trials()) == []
