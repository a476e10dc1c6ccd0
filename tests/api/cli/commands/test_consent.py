"""`clearglass consent`, and what commands say of a consent or a search by which nobody can be found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.recognition.recogniser import Recogniser

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]
Told = Callable[..., Any]


@pytest.fixture(autouse=True)
def one_recogniser(recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded once for all commands: they need no second one."""
    monkeypatch.setattr("matcher.recognition.networks.pipeline.load_recogniser", lambda *_: recogniser)


@pytest.fixture
def folder(tmp_path: Path, told: Told) -> Path:
    """A data folder with the camera Lobby."""
    folder = tmp_path / "data"
    told("camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", folder)
    return folder


@pytest.fixture
def signed(tmp_path: Path) -> tuple[object, ...]:
    """The option that names the signed consent."""
    path = tmp_path / "consent.txt"
    path.write_text("I agree.")
    return ("--evidence", path)


def test_a_camera_is_named_in_a_consent_by_its_name_or_its_id(
    run: Run, told: Told, folder: Path, portrait: Path, signed: tuple[object, ...]
) -> None:
    data = ("--data", folder)
    [lobby] = told("camera", "list", *data)
    enrol = ("subject", "enrol", "Eileen", portrait, "--purpose", "lobby", *signed, *data)
    status, out, _ = run(*enrol, "--camera", "Looby", "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"]) == (1, "camera_unknown")
    assert "'Looby'" in error["message"] and "Lobby" in error["remedy"]
    assert told("subject", "list", *data) == []
    subject = told(*enrol, "--camera", "Lobby")["subject"]["id"]
    add = ("consent", "add", subject, "--purpose", "lobby", *signed, *data)
    told(*add, "--camera", lobby["id"], "--camera", "upload")
    told(*add, "--days", 7)
    shown = told("subject", "show", subject, *data)
    assert [one["cameras"] for one in shown["consents"]] == [[lobby["id"]], sorted([lobby["id"], "upload"]), ["*"]]
    status, out, _ = run("subject", "show", subject, *data)
    assert status == 0 and "Eileen" in out and "Lobby, upload" in out and "1 picture." in out
    assert json.loads(run(*add, "--camera", "Looby", "--json")[1])["error"]["code"] == "camera_unknown"


def test_the_hours_of_a_consent_are_given_as_people_write_them(
    run: Run, told: Told, folder: Path, portrait: Path, signed: tuple[object, ...]
) -> None:
    data = ("--data", folder)
    enrol = ("subject", "enrol", "Eileen", portrait, "--purpose", "lobby", *signed, *data)
    status, _, error = run(*enrol, "--times", "mo 08:00-17:00")
    assert status == 2 and "'mo' is no weekday" in error and "--times" in error
    assert told("subject", "list", *data) == []
    told("camera", "set", "Lobby", "--time-zone", "Europe/Berlin", *data)
    subject = told(*enrol, "--camera", "Lobby", "--times", "mon-fri 08:00-17:00", "--times", "sat")["subject"]["id"]
    told("consent", "add", subject, "--purpose", "lobby", *signed, "--times", "daily 22:00-06:00; sun", *data)
    shown = told("subject", "show", subject, *data)["consents"]
    assert [one["hours"] for one in shown] == [
        "Mon-Fri 08:00-17:00; Sat 00:00-24:00",
        "Mon-Sun 22:00-06:00; Sun 00:00-24:00",
    ]
    assert [one["time_zones"] for one in shown] == [["Europe/Berlin"], ["Europe/Berlin", "UTC"]]
    status, out, _ = run("subject", "show", subject, *data)
    assert status == 0 and "Mon-Fri08:00-17:00" in "".join(out.replace("│", "").split())


def test_a_consent_is_ended_by_its_id(
    run: Run, told: Told, folder: Path, portrait: Path, signed: tuple[object, ...]
) -> None:
    data = ("--data", folder)
    subject = told("subject", "enrol", "Eileen", portrait, "--purpose", "lobby", *signed, *data)["subject"]["id"]
    [first] = told("subject", "show", subject, *data)["consents"]
    assert first["withdrawn_at"] is None
    assert told("consent", "end", first["id"], *data)["withdrawn_at"]
    assert told("subject", "show", subject, *data)["consents"][0]["withdrawn_at"]
    found = told("identify", portrait, "--purpose", "lobby", *data)
    assert found["candidates"] == []
    assert [one["code"] for one in found["warnings"]] == ["nobody_in_scope"]
    status, out, _ = run("consent", "end", "nothing", *data, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "consent_unknown")


def test_a_purpose_that_no_search_is_made_for_is_warned_of(
    run: Run, told: Told, folder: Path, portrait: Path, signed: tuple[object, ...]
) -> None:
    data = ("--data", folder)
    enrol = ("subject", "enrol", "Eileen", portrait, *signed, *data)
    status, out, _ = run(*enrol, "--purpose", "loby")
    assert status == 0
    assert "! No camera searches for the purpose “loby”" in out and "Searches are made for: lobby." in out
    [subject] = told("subject", "list", *data)
    add = ("consent", "add", subject["id"], *signed, *data)
    assert [one["code"] for one in told(*add, "--purpose", "canteen")["warnings"]] == ["purpose_unused"]
    assert "! No camera" in run(*add, "--purpose", "canteen")[1]
    assert told(*add, "--purpose", "lobby")["warnings"] == []
    # A search by picture makes a purpose known; the check at an enrolment does not.
    status, out, _ = run("identify", portrait, "--purpose", "visitors", *data)
    assert status == 0 and "0 references in scope" in out and "! Nobody could be found" in out
    assert told(*add, "--purpose", "visitors")["warnings"] == []
    assert told(*add, "--purpose", "enrolment")["warnings"] != []
    status, out, _ = run("identify", portrait, "--all-faces", "--purpose", "vistors", *data)
    assert status == 0 and "1 face found" in out and "! Nobody could be found" in out
    status, out, _ = run("identify", portrait, "--purpose", "visitors", *data)
    assert "1 reference in scope" in out and "!" not in out


def test_an_enrolment_that_did_not_use_every_picture_has_a_status_of_its_own(
    run: Run, folder: Path, tmp_path: Path, portrait: Path, signed: tuple[object, ...]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(portrait.read_bytes()[:2000])
    enrol = ("subject", "enrol", "Eileen", broken, portrait, "--purpose", "lobby", *signed, "--data", folder)
    status, out, _ = run(*enrol)
    assert status == 3
    assert "with 1 picture." in out and "Pictures that were not used" in out
    assert "3 some are refused" in " ".join(run("subject", "enrol", "--help")[1].split())


def test_a_camera_is_removed_by_its_name(run: Run, told: Told, folder: Path) -> None:
    data = ("--data", folder)
    assert told("camera", "remove", "Lobby", *data)["name"] == "Lobby"
    assert told("camera", "list", *data) == []
    status, out, _ = run("camera", "remove", "Lobby", *data, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "camera_unknown")


def test_a_camera_that_is_not_there_is_called_so_when_it_is_to_be_checked(run: Run, folder: Path) -> None:
    status, _, err = run("camera", "check", "Yard", "--data", folder)
    assert status == 1
    assert "There is no camera 'Yard'." in err and "There are: Lobby." in err
    status, _, err = run("camera", "check", "Yard", "--data", folder / "nothing")
    assert status == 1 and "no such file or device" in err
