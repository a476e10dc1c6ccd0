import json
from pathlib import Path
from typing import Any

import pytest

from matcher.recognition.embedder_entry import EmbedderEntry, EmbedderEntryError, read_entries
from tests.matcher.recognition.coarse_model import write_list


def test_an_entry_is_what_the_file_says(tmp_path: Path) -> None:
    (entry,) = read_entries(write_list(tmp_path))
    expected = EmbedderEntry(
        name="coarse", path=tmp_path / "coarse.onnx", sha256=entry.sha256, licence="CC0-1.0", dimension=16
    )
    assert entry == expected


def test_other_facts_are_another_embedder_and_other_terms_are_not(tmp_path: Path) -> None:
    (one,) = read_entries(write_list(tmp_path))
    for changes in ({"colours": "bgr"}, {"mean": 0.0}, {"scale": 255.0}, {"side": 128}):
        (other,) = read_entries(write_list(tmp_path, **changes))
        assert other.digest != one.digest, changes
    (same,) = read_entries(write_list(tmp_path, licence="MIT", address="https://example.org/coarse.onnx"))
    assert same.digest == one.digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "has the SHA-256"),
        ({"sha256": "0"}, "no hex SHA-256"),
        ({"licence": ""}, "no licence"),
        ({"file": "missing.onnx"}, "is not there"),
        ({"file": "missing.onnx", "address": "https://example.org/x.onnx"}, "get it from https://example.org/x.onnx"),
        ({"colours": "grey"}, "the colours are rgb or bgr"),
        ({"alignment": "three-points"}, "the alignment is five-points"),
        ({"flavour": "sweet"}, "flavour"),
        ({"scale": 0}, "the scale must not be 0"),
        ({"scale": "much"}, "scale"),
        ({"side": 8}, "a side of 8 pixels"),
        ({"dimension": 0}, "the dimension 0"),
        ({"dimension": 5000}, "at most 4,096"),
        ({"name": 5}, "string"),
        ({"name": "fusion"}, "'fusion' is not a valid name"),
        ({"name": "sface"}, "'sface' is not a valid name"),
        ({"name": "../x"}, "is not a valid name"),
    ],
)
def test_an_embedder_that_is_not_as_registered_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EmbedderEntryError, match=said):
        read_entries(write_list(tmp_path, **changes))


def test_a_fact_that_is_missing_is_named(tmp_path: Path) -> None:
    path = write_list(tmp_path)
    (entry,) = json.loads(path.read_text())
    for fact in ("name", "file", "sha256", "licence", "dimension"):
        path.write_text(json.dumps([{key: value for key, value in entry.items() if key != fact}]))
        with pytest.raises(EmbedderEntryError, match=fact):
            read_entries(path)


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write_list(tmp_path)
    (entry,) = json.loads(path.read_text())
    for content in ("{", '["a"]', '{"name": "a"}', "5", json.dumps([entry, entry])):
        path.write_text(content)
        with pytest.raises(EmbedderEntryError, match="list of embedders"):
            read_entries(path)
    with pytest.raises(EmbedderEntryError, match="No such file"):
        read_entries(tmp_path / "nothing.json")
