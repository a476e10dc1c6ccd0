"""`clearglass subject enrol` where it needs a decision: a likely duplicate, or a picture of several people."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from api.permission import Role
from matcher.picture.pixel_array import Image
from matcher.recognition.recogniser import Recogniser
from tests.api.conftest import OpenSite

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_recogniser(recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded once for all commands: they need no second one."""
    monkeypatch.setattr("matcher.recognition.networks.pipeline.load_recogniser", lambda *_: recogniser)


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
    first = told(*enrol, "Eileen", *arguments)["subject"]["id"]
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
    second = told(*enrol, "Somebody", *arguments, "--acknowledge", first)["subject"]["id"]
    assert {one["id"] for one in told("subject", "list", "--data", tmp_path / "data")} == {first, second}


def test_at_a_terminal_the_person_is_asked(
    run: Any, told: Any, tmp_path: Path, arguments: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.commands.subject.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    first = told("subject", "enrol", "Eileen", *arguments)["subject"]["id"]
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
    assert (refused["picture"], refused["code"]) == ("1", "several_faces")
    acknowledged = ("--acknowledge", told("subject", "list", "--data", tmp_path / "data")[0]["id"])
    enrolled = told("subject", "enrol", "Eileen", *both, "--face", "group.jpg=2", *acknowledged)
    assert (len(enrolled["accepted"]), enrolled["refused"]) == (2, [])
    for wrong in ("2", "other.jpg=2", "group.jpg=two"):
        assert run("subject", "enrol", "Eileen", *both, "--face", wrong)[0] == 2, wrong


def test_that_names_were_listed_is_logged(told: Any, tmp_path: Path, arguments: list[object]) -> None:
    data = ("--data", tmp_path / "data")
    told("subject", "enrol", "Eileen", *arguments)
    assert [one["name"] for one in told("subject", "list", *data)] == ["Eileen"]
    [entry] = told("audit", "show", "--kind", "gallery_read", *data)
    assert (entry["body"]["seen"], entry["body"]["subjects"]) == ({"names": 1}, [])
    assert entry["body"]["actor"].startswith("cli:")


def test_the_list_is_read_by_the_page(run: Any, told: Any, tmp_path: Path, arguments: list[object]) -> None:
    data = ("--data", tmp_path / "data")
    status, out, _ = run("subject", "list", *data)
    assert status == 0 and "Nobody is enrolled yet" in out
    ids: list[str] = []
    for name in ("Eileen", "Sally", "Mae"):
        known = [part for one in ids for part in ("--acknowledge", one)]
        ids.append(told("subject", "enrol", name, *arguments, *known)["subject"]["id"])
    first = told("subject", "list", "--limit", 2, *data)
    assert [(one["id"], one["name"], one["references"]) for one in first] == [
        (ids[0], "Eileen", 1),
        (ids[1], "Sally", 1),
    ]
    assert [one["id"] for one in told("subject", "list", "--limit", 2, "--offset", 2, *data)] == ids[2:]
    _, out, _ = run("subject", "list", "--limit", 2, *data)
    assert "3 people are enrolled; see more of them with --offset 2." in out
    _, out, _ = run("subject", "list", "--offset", 2, *data)
    assert "Mae" in out and "see more" not in out
    _, out, _ = run("subject", "list", "--offset", 3, *data)
    assert "Nobody stands so far down the list: 3 people are enrolled." in out
    for wrong in (0, 1001):
        assert run("subject", "list", "--limit", wrong, *data)[0] == 2


def test_an_upload_is_bounded_as_the_api_bounds_it(
    run: Any, tmp_path: Path, arguments: list[object], recogniser: Recogniser
) -> None:
    portrait, *options = arguments
    for count in (22, 40):
        status, out, _ = run("subject", "enrol", "Eileen", *[portrait] * count, *options, "--json")
        assert status == 1
        assert "20" in " ".join(json.loads(out)["error"].values()), count
    large = tmp_path / "large.jpg"
    large.write_bytes(b"\xff\xd8" + bytes(30_000_000))
    status, _, err = run("identify", large, "--purpose", "lobby", "--data", tmp_path / "data")
    assert status == 1
    assert "at most 20 MB each" in " ".join(err.split())


def test_beside_a_service_the_commands_do_the_same_as_without(
    open_site: OpenSite, run: Any, told: Any, tmp_path: Path, arguments: list[object]
) -> None:
    data, evidence = ("--data", tmp_path / "data"), ("--evidence", tmp_path / "consent.txt")
    portrait = arguments[0]

    def state(subject: str) -> list[Any]:
        verified = told("verify", portrait, "--subject", subject, "--purpose", "lobby", *data)
        return [
            told("subject", "list", *data),
            told("subject", "show", subject, *data),
            [_lasting(one) for one in told("identify", portrait, "--purpose", "lobby", *data)["candidates"]],
            [
                _lasting(one)
                for face in told("identify", portrait, "--all-faces", "--purpose", "lobby", *data)["faces"]
                for one in face["search"]["candidates"]
            ],
            (verified["mated"], verified["operating_point"]),
            [
                run(*command, *data)[:2]
                for command in (("subject", "list"), ("subject", "show", subject), ("subject", "show", "nobody"))
            ],
        ]

    for site in open_site(tmp_path / "data"):
        subject = told("subject", "enrol", "Eileen", *arguments)["subject"]["id"]
        assert [one["id"] for one in site.as_role(Role.ADMINISTRATOR, "GET", "/subjects").json()] == [subject]
        assert told("subject", "list", *data) == site.as_role(Role.ADMINISTRATOR, "GET", "/subjects").json()
        error = json.loads(run("subject", "enrol", "Somebody", *arguments, "--json")[1])["error"]
        assert [one["name"] for one in error["duplicates"]] == ["Eileen"]
        more = told("consent", "add", subject, "--purpose", "canteen", "--camera", "upload", *evidence, *data)
        assert told("consent", "end", more["id"], *data)["withdrawn_at"] is not None
        assert told("subject", "declare", subject, "age=60+", "--agreed", *data) == {"attributes": {"age": "60+"}}
        beside = state(subject)
    assert state(subject) == beside
    for _ in open_site(tmp_path / "again"):
        data = ("--data", tmp_path / "again")
        arguments[-1] = data[1]
        subject = told("subject", "enrol", "Eileen", *arguments)["subject"]["id"]
        assert told("subject", "withdraw", subject, *data)["subject"]["withdrawn_at"] is not None
        assert told("identify", portrait, "--purpose", "lobby", *data)["candidates"] == []


def test_what_can_be_no_id_is_said_to_be_none(run: Any, tmp_path: Path) -> None:
    for wrong in ("", "..", "../cameras"):
        for command in (("subject", "show"), ("subject", "withdraw"), ("consent", "end")):
            status, _, err = run(*command, wrong, "--data", tmp_path / "data")
            assert status == 2 and "is no id" in err


def _lasting(candidate: dict[str, Any]) -> dict[str, Any]:
    """What of a candidate is the same in every search of one gallery."""
    return {key: candidate[key] for key in ("rank", "subject_id", "reference_id", "name")} | {
        "dissimilarity": round(candidate["dissimilarity"], 6)
    }
