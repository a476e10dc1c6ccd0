from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import templates as module
from benchmarks.accuracy.extractor import DLIB, SFACE
from benchmarks.accuracy.templates import extract
from benchmarks.datasets.dataset import Description, Picture, Sample
from benchmarks.harness.benchmark import Context
from benchmarks.harness.errors import MeasurementError
from tests.benchmarks.accuracy.made_up import HashExtractor

pytestmark = pytest.mark.slow


class Set:
    """A data set of any bytes."""

    def __init__(self, pictures: dict[str, list[bytes]]) -> None:
        self._samples = {
            name: Sample(
                name=name,
                pictures=tuple(
                    Picture(name=f"{name}-{place}", read=partial(bytes, data)) for place, data in enumerate(each)
                ),
            )
            for name, each in pictures.items()
        }

    description = Description(name="any", title="Any", terms="", source="")

    def samples(self) -> dict[str, Sample]:
        return self._samples

    def trials(self) -> tuple[()]:
        return ()

    def searches(self) -> tuple[()]:
        return ()


def test_everything_is_extracted_once_and_then_kept(context: Context, tmp_path: Path) -> None:
    extractor = HashExtractor(tmp_path / "counted")
    everything = Set({f"s{place}": [bytes([place])] for place in range(40)} | {"empty": [b"nobody"]})
    found = extract(everything, ["s3", "empty", "s1", "s3"], context, extractor)
    assert found.names == ("s3", "empty", "s1")
    assert found.failed == ("empty",)
    assert found.found.tolist() == [True, False, True]
    assert not found.vectors[SFACE][1].any()
    assert found.quality.tolist() == [0.5, 0.0, 0.5]
    again = extract(everything, [f"s{place}" for place in range(40)], context, extractor)
    assert len((tmp_path / "counted").read_text()) == 3 + 38
    assert np.array_equal(again.vectors[DLIB][again.rows(["s1"])], found.vectors[DLIB][2:3])


def test_what_was_broken_off_is_gone_on_with(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 8)
    monkeypatch.setattr(module, "JOB", 4)
    extractor = HashExtractor(tmp_path / "counted")
    pictures = {f"s{place:02d}": [bytes([place])] for place in range(32)}
    with pytest.raises(RuntimeError, match="broken"):
        extract(Set(pictures | {"s24": [b"broken"]}), pictures, context, extractor)
    done = len((tmp_path / "counted").read_text())
    found = extract(Set(pictures), pictures, context, extractor)
    assert found.found.all()
    assert len((tmp_path / "counted").read_text()) - done <= 16  # two parts of the four were on the disk at least


def test_a_sample_of_several_pictures_is_their_mean(context: Context, tmp_path: Path) -> None:
    extractor = HashExtractor(tmp_path / "counted")
    sets = Set({"one": [b"1"], "other": [b"2"], "both": [b"1", b"2", b"nobody"]})
    found = extract(sets, ["one", "other", "both"], context, extractor)
    assert found.vectors[DLIB][2] == pytest.approx(found.vectors[DLIB][:2].mean(axis=0))


def test_no_face_anywhere_is_told(context: Context, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="No face"):
        extract(Set({"a": [b"nobody"]}), ["a"], context, HashExtractor(tmp_path / "counted"))


def test_another_copy_of_the_same_name_is_extracted_again(context: Context, tmp_path: Path) -> None:
    extractor = HashExtractor(tmp_path / "counted")
    one = extract(Set({"a": [b"1"], "b": [b"2"]}), ["a", "b"], context, extractor)
    other = extract(Set({"a": [b"1"], "b": [b"3"]}), ["a", "b"], context, extractor)
    assert np.array_equal(one.vectors[DLIB][0], other.vectors[DLIB][0])
    assert not np.array_equal(one.vectors[DLIB][1], other.vectors[DLIB][1])
    assert len((tmp_path / "counted").read_text()) == 3


def test_a_video_has_one_voice(context: Context, tmp_path: Path) -> None:
    extractor = HashExtractor(tmp_path / "counted")
    sets = Set({"one": [b"1"], "two": [b"2"], "three": [b"3"]})
    mixed = Sample(
        name="mixed",
        pictures=tuple(
            Picture(name=str(place), read=partial(bytes, data), medium=medium)
            for place, (data, medium) in enumerate([(b"1", "7"), (b"2", "8"), (b"3", "8")])
        ),
    )
    sets.samples()["mixed"] = mixed
    one, two, three, together = extract(sets, ["one", "two", "three", "mixed"], context, extractor).vectors[DLIB]
    assert together == pytest.approx((one + (two + three) / 2) / 2, abs=1e-6)
