"""What holds for every data set, whatever its format."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets.dataset import Dataset
from benchmarks.datasets.registry import DATASETS, open_dataset
from benchmarks.harness.errors import DataMissingError
from matcher.recognition.image import decode_image
from tests.benchmarks.datasets.copies import COPIES

Opened = Callable[[str], Dataset]

every = pytest.mark.parametrize("name", DATASETS)


def test_every_data_set_has_a_copy_here() -> None:
    assert list(COPIES) == list(DATASETS)


@every
def test_samples_have_names_and_pictures_that_decode(opened: Opened, name: str) -> None:
    dataset = opened(name)
    assert dataset.description.name == name
    samples = dataset.samples()
    assert samples
    assert all(key == sample.name for key, sample in samples.items())
    assert all(sample.subject != "" and "" not in sample.labels.values() for sample in samples.values())
    pictures = [picture for sample in samples.values() for picture in sample.pictures]
    assert all(sample.pictures for sample in samples.values())
    assert len({picture.name for picture in pictures}) == len(pictures)
    for picture in pictures:
        assert decode_image(picture.read()).shape == (112, 112, 3)
        if picture.landmarks is not None:
            assert (picture.landmarks.shape, picture.landmarks.dtype) == ((5, 2), np.float32)


@every
def test_trials_name_samples_and_agree_with_their_subjects(opened: Opened, name: str) -> None:
    dataset = opened(name)
    samples, trials = dataset.samples(), dataset.trials()
    pairs = {frozenset((trial.probe, trial.reference)) for trial in trials}
    assert len(pairs) == len(trials)
    assert all(len(pair) == 2 and pair <= samples.keys() for pair in pairs)
    for trial in trials:
        subjects = [samples[side].subject for side in (trial.probe, trial.reference)]
        assert None in subjects or (subjects[0] == subjects[1]) == trial.mated
        assert trial.fold >= 0
    if trials:
        assert {trial.mated for trial in trials} == {True, False}


@every
def test_trials_can_be_looked_at_again_in_any_order(opened: Opened, name: str) -> None:
    trials = opened(name).trials()
    assert [trials[index] for index in range(len(trials))] == list(trials)
    assert list(trials[1:3]) == list(trials)[1:3]
    assert list(reversed(trials)) == list(trials)[::-1]
    with pytest.raises(IndexError):
        trials[len(trials)]


@every
def test_searches_name_samples(opened: Opened, name: str) -> None:
    dataset = opened(name)
    samples = dataset.samples()
    for searches in dataset.searches():
        assert searches.gallery
        assert set(searches.gallery) | set(searches.probes) <= samples.keys()
        assert not set(searches.gallery) & set(searches.probes)


@every
def test_two_openings_tell_the_same(opened: Opened, tmp_path: Path, name: str) -> None:
    first, second = opened(name), open_dataset(name, tmp_path)
    assert list(first.samples()) == list(second.samples())
    assert list(first.trials()) == list(second.trials())


@every
def test_an_empty_folder_is_told_with_what_is_expected_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataMissingError) as told:
        open_dataset(name, tmp_path)
    assert str(tmp_path) in told.value.message
    assert told.value.remedy


@every
def test_a_picture_that_is_gone_is_told_with_its_place(opened: Opened, tmp_path: Path, name: str) -> None:
    """Not of a .bin, which has all its pictures within."""
    samples = opened(name).samples()
    paths = sorted(path for path in tmp_path.rglob("*") if path.suffix in {".jpg", ".png"})
    for path in paths:
        path.unlink()
    for sample in samples.values() if paths else ():
        for picture in sample.pictures:
            with pytest.raises(DataMissingError, match=picture.name.split("/")[-1].removesuffix(".jpg")) as told:
                picture.read()
            assert str(tmp_path) in told.value.message
