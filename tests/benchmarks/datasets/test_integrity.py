from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.datasets.dataset import Dataset, Description, Sample, Searches, Trial
from benchmarks.datasets.integrity import departures
from benchmarks.datasets.registry import DATASETS, open_dataset
from tests.benchmarks.datasets.copies import COPIES, put


@dataclass
class Described:
    """A data set with another description."""

    inner: Dataset
    description: Description

    def samples(self) -> Mapping[str, Sample]:
        return self.inner.samples()

    def trials(self) -> Sequence[Trial]:
        return self.inner.trials()

    def searches(self) -> Sequence[Searches]:
        return self.inner.searches()


@pytest.fixture
def complete(tmp_path: Path) -> Callable[[str, Mapping[str, int]], Dataset]:
    """A small copy that counts as a complete one with those counts, and the checksums of its lists."""

    def make(name: str, counts: Mapping[str, int]) -> Dataset:
        COPIES[name](tmp_path)
        sums = {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.txt")}
        dataset = open_dataset(name, tmp_path)
        return Described(dataset, replace(dataset.description, counts=counts, sha256=sums))

    return make


Complete = Callable[[str, Mapping[str, int]], Dataset]

LFW_COUNTS = {"pictures": 6, "people": 3, "samples": 6, "trials": 4, "mated": 2, "non-mated": 2}


def test_a_complete_copy_departs_in_nothing(complete: Complete, tmp_path: Path) -> None:
    assert departures(complete("lfw", LFW_COUNTS), tmp_path) == ()


def test_templates_and_tables_are_counted_too(complete: Complete, tmp_path: Path) -> None:
    counts = {"pictures": 7, "samples": 5, "people": 3, "mated": 2, "non-mated": 2}
    assert departures(complete("ijb-c", counts), tmp_path) == ()


@pytest.mark.parametrize("noun", LFW_COUNTS)
def test_each_count_that_is_another_is_told(complete: Complete, tmp_path: Path, noun: str) -> None:
    found = LFW_COUNTS[noun]
    (told,) = departures(complete("lfw", {**LFW_COUNTS, noun: 13_233}), tmp_path)
    assert told == f"{found} {noun}, where a complete copy has 13,233."


def test_a_list_that_was_changed_or_is_gone_is_told(complete: Complete, tmp_path: Path) -> None:
    dataset = complete("lfw", {})
    put(tmp_path / "pairs.txt", (tmp_path / "pairs.txt").read_text().replace("Cy_C", "Ada_A"))
    (tmp_path / "male_names.txt").unlink()
    assert sorted(departures(dataset, tmp_path)) == [
        "male_names.txt is missing.",
        "pairs.txt is another file than the one that its SHA-256 is known of.",
    ]


def test_what_cannot_be_read_is_told_instead_of_counted(complete: Complete, tmp_path: Path) -> None:
    dataset = complete("ijb-c", {"samples": 5, "mated": 2})
    put(tmp_path / "meta" / "ijbc_face_tid_mid.txt", "0.jpg ten 1\n")
    told = departures(dataset, tmp_path)
    assert len(told) == 3
    assert all("line 1: 'ten'" in sentence for sentence in told)


def test_pictures_that_are_gone_or_none_are_counted(complete: Complete, tmp_path: Path) -> None:
    dataset = complete("fairface", {"pictures": 3})
    (tmp_path / "train" / "1.jpg").unlink()
    put(tmp_path / "val" / "1.jpg", b"<html>not found</html>")
    (told,) = departures(dataset, tmp_path)
    assert told.startswith("2 of 3 pictures cannot be used.")
    assert "1.jpg" in told


def test_pictures_left_out_are_told(tmp_path: Path) -> None:
    COPIES["utkface"](tmp_path)
    (told,) = departures(open_dataset("utkface", tmp_path), tmp_path)
    assert told.startswith("4 pictures are left out")


@pytest.mark.parametrize("name", DATASETS)
def test_whatever_a_description_counts_can_be_counted(tmp_path: Path, name: str) -> None:
    """Every small copy departs in just what its description counts: each is a sentence, and none fails."""
    COPIES[name](tmp_path)
    dataset = open_dataset(name, tmp_path)
    counts = [sentence for sentence in departures(dataset, tmp_path) if "where a complete copy has" in sentence]
    assert len(counts) == len(dataset.description.counts)
