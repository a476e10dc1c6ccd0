"""`clearglass subject enrol` where it needs a decision: a likely duplicate, or a picture of several people."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from matcher.recognition.face import Image
from matcher.recognition.recogniser import Recogniser


@pytest.fixture(autouse=True)
def one_recogniser(recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded once for all commands: they need no second one."""
    monkeypatch.setattr("matcher.recognition.pipeline.load_recogniser", lambda: recogniser)


@pytest.fixture
def arguments(tmp_path: Path, astronaut_jpeg: bytes) -> list[object]:
    """What enrols the person on `tmp_path / "portrait.jpg"`, without their name."""
    portrait, evidence = tmp_path / "portrait.jpg", tmp_path / "consent.txt"
    portrait.write_bytes(astronaut_jpeg)
    evidence.write_text("I agree.")
    return [portrait, "--purpose", "lobby", "--evidence", evidence, "--data", tmp_path / "data"]


def test_a_likely_duplicate_is_acknowledged_by_its_id(
    run: Any, told: Any, tmp_path: Path, arguments: list[object]
) -> None:
    enrol = ("subject", "enrol")
    first = told(*enrol, "Eileen", *arguments)["subject_id"]
    status, out, _ = run(*enrol, "Somebody", *arguments, "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"]) == (1, "likely_duplicate")
    [duplicate] = error["duplicates"]
    assert duplicate["subject_id"] == first and 0 <= duplicate["dissimilarity"] < 0.1
    assert first in error["message"]
    status, _, err = run(*enrol, "Somebody", *arguments, stdin="y\n")
    assert status == 1, "where there is no terminal nobody is asked"
    assert first in err
    assert len(told("subject", "list", "--data", tmp_path / "data")) == 1
    second = told(*enrol, "Somebody", *arguments, "--acknowledge", first)["subject_id"]
    assert {one["id"] for one in told("subject", "list", "--data", tmp_path / "data")} == {first, second}


def test_at_a_terminal_the_person_is_asked(
    run: Any, told: Any, tmp_path: Path, arguments: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.subject.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    first = told("subject", "enrol", "Eileen", *arguments)["subject_id"]
    status, out, err = run("subject", "enrol", "Somebody", *arguments, stdin="n\n")
    assert status == 1
    assert first in err
    assert "Eileen" in out
    status, out, err = run("subject", "enrol", "Somebody", *arguments, stdin="y\n")
    assert status == 0, err
    assert "Enrolled" in out
    assert len(told("subject", "list", "--data", tmp_path / "data")) == 2


def test_one_of_several_faces_is_chosen(
    run: Any, told: Any, tmp_path: Path, arguments: list[object], astronaut: Image
) -> None:
    from matcher.recognition.image import encode_jpeg

    group = tmp_path / "group.jpg"
    group.write_bytes(encode_jpeg(np.concatenate([astronaut, astronaut], axis=1)))
    both = [group, *arguments]
    [refused] = told("subject", "enrol", "Eileen", *both, status=3)["refused"]
    assert (refused["picture"], refused["code"]) == ("group.jpg", "several_faces")
    acknowledged = ("--acknowledge", told("subject", "list", "--data", tmp_path / "data")[0]["id"])
    enrolled = told("subject", "enrol", "Eileen", *both, "--face", "group.jpg=2", *acknowledged)
    assert (enrolled["references"], enrolled["refused"]) == (2, [])
    for wrong in ("2", "other.jpg=2", "group.jpg=two"):
        assert run("subject", "enrol", "Eileen", *both, "--face", wrong)[0] == 2, wrong


def test_that_names_were_listed_is_logged(told: Any, tmp_path: Path, arguments: list[object]) -> None:
    data = ("--data", tmp_path / "data")
    told("subject", "enrol", "Eileen", *arguments)
    assert [one["name"] for one in told("subject", "list", *data)] == ["Eileen"]
    [entry] = told("audit", "show", "--kind", "gallery_read", *data)
    assert (entry["body"]["names"], entry["body"]["subjects"]) == (1, [])
    assert entry["body"]["actor"].startswith("cli:")
