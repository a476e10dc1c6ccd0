from pathlib import Path

import pytest

from benchmarks.datasets.registry import DATASETS, open_dataset
from benchmarks.harness.errors import DataMissingError, UnknownDatasetError
from tests.benchmarks.datasets.copies import COPIES


def test_an_unknown_name_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownDatasetError) as told:
        open_dataset("nonsense", tmp_path)
    assert "nonsense" in told.value.message
    assert all(name in told.value.remedy for name in DATASETS)


def test_every_set_tells_its_terms_and_its_source() -> None:
    for name, entry in DATASETS.items():
        assert entry.description.name == name
        assert entry.description.terms
        assert entry.description.source
        assert entry.layout


@pytest.mark.parametrize("name", DATASETS)
def test_a_missing_folder_is_told_with_what_belongs_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataMissingError) as told:
        open_dataset(name, tmp_path / "nowhere")
    assert "nowhere" in told.value.message
    assert DATASETS[name].layout in told.value.remedy


def test_a_bin_opens_by_its_folder_or_by_itself(tmp_path: Path) -> None:
    COPIES["calfw"](tmp_path)
    by_itself = open_dataset("calfw", tmp_path / "calfw.bin")
    assert list(by_itself.trials()) == list(open_dataset("calfw", tmp_path).trials())


def test_lfw_opens_from_a_relative_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    COPIES["lfw"](tmp_path / "faces")
    monkeypatch.chdir(tmp_path / "faces")
    assert len(open_dataset("lfw", Path()).trials()) == 4
