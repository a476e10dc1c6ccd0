"""`clearglass camera add`, `list` and `set`: the settings of picture and connection, and logins."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.camera.camera import Credentials

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]
Told = Callable[..., Any]

FINGERPRINT = "0123456789abcdef" * 4


def test_a_camera_is_added_with_its_settings_of_picture_and_connection(run: Run, told: Told, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    shape = ("--rotation", 180, "--mirrored", "--aspect", "16:9")
    secure = ("--certificate", f"SHA256:{FINGERPRINT.upper()}", "--snapshot-seconds", 5, "--time-zone", "Asia/Tokyo")
    address = "https://192.168.7.7/snap.jpg"
    added = told("camera", "add", "Lobby", address, "--purpose", "lobby", *shape, *secure, *data)
    assert (added["rotation"], added["mirrored"], added["aspect"]) == (180, True, "16:9")
    assert added["time_zone"] == "Asia/Tokyo"
    assert (added["certificate"], added["snapshot_seconds"]) == (f"sha256:{FINGERPRINT}", 5)
    status, out, _ = run("camera", "list", *data)
    table = "".join(out.split())
    assert status == 0 and "rotated180°,mirrored,16:9" in table and "stillpictureevery5s" in table
    assert "Asia/Tokyo" in table
    for wrong in (
        ("--rotation", 45),
        ("--aspect", "wide"),
        ("--certificate", "sha256:1"),
        ("--snapshot-seconds", 0),
    ):
        status, out, _ = run("camera", "add", "Yard", address, "--purpose", "lobby", *wrong, *data, "--json")
        assert status == 1 and json.loads(out)["error"]["remedy"], wrong
    status, out, _ = run(
        "camera", "add", "Yard", address, "--purpose", "lobby", "--time-zone", "Berlin", *data, "--json"
    )
    assert (status, json.loads(out)["error"]["remedy"]) == (1, "Did you mean Europe/Berlin?")
    assert len(told("camera", "list", *data)) == 1


def test_a_camera_is_changed_by_its_name_or_its_id(run: Run, told: Told, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    added = told("camera", "add", "Lobby", "rtsps://192.168.7.7/main", "--purpose", "lobby", "--mirrored", *data)
    changed = told("camera", "set", "Lobby", "--rotation", 90, "--aspect", "4:3", "--name", "Hall", *data)
    assert (changed["rotation"], changed["aspect"], changed["name"], changed["mirrored"]) == (90, "4:3", "Hall", True)
    given = ("--purpose", "door", "--not-mirrored", "--disabled", "--analysed-fps", 2, "--min-eye-distance", 30)
    changed = told("camera", "set", added["id"], *given, "--snapshot-seconds", 2, *data)
    assert (changed["purpose"], changed["mirrored"], changed["enabled"]) == ("door", False, False)
    assert (changed["analysed_fps"], changed["snapshot_seconds"], changed["rotation"]) == (2, 2, 90)
    smaller = "rtsps://192.168.7.7/small"
    changed = told("camera", "set", "Hall", "--substream", smaller, "--certificate", "unverified", *data)
    assert (changed["substream"], changed["certificate"]) == (smaller, "unverified")
    assert told("camera", "set", "Hall", "--time-zone", "UTC", *data)["time_zone"] == "UTC"
    gone = ("--time-zone", "none", "--substream", "none", "--aspect", "none", "--certificate", "verified")
    changed = told("camera", "set", "Hall", *gone, *data)
    assert (changed["substream"], changed["aspect"], changed["certificate"]) == (None, None, None)
    assert changed["time_zone"] is None
    changed = told("camera", "set", "Hall", "--address", "rtsp://192.168.7.9/main", *data)
    assert changed["address"] == "rtsp://192.168.7.9/main"
    status, out, _ = run("camera", "set", "Nobody", "--rotation", 90, *data, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "camera_unknown")


def test_a_cameras_login_is_changed_from_standard_input_and_never_printed(run: Run, tmp_path: Path) -> None:
    from api.cli.options import opened

    folder = tmp_path / "data"
    data = ("--data", folder)
    printed = list(run("camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", *data))

    def login() -> object:
        with opened(folder) as service:
            return service.cameras.list()[0].credentials

    assert run("camera", "set", "Lobby", "--password-stdin", *data, stdin="c4nary\n")[0] == 1
    printed += run("camera", "set", "Lobby", "--username", "joe", "--password-stdin", *data, stdin="c4nary\n")
    assert login() == Credentials(username="joe", password="c4nary")
    printed += run("camera", "set", "Lobby", "--password-stdin", *data, "--json", stdin="c4n@ry 2\n")
    assert login() == Credentials(username="joe", password="c4n@ry 2")
    printed += run("camera", "set", "Lobby", "--address", "rtsp://ann:c4nary@192.168.7.7/other", *data)
    assert login() == Credentials(username="ann", password="c4nary")
    printed += run("camera", "set", "Lobby", "--no-login", *data)
    assert login() is None
    assert "c4n" not in str(printed)


@pytest.mark.parametrize("wrong", [(), ("--username", "joe"), ("--no-login", "--password-stdin")])
def test_a_change_that_cannot_be_meant_is_a_wrong_usage(
    run: Run, told: Told, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    data = ("--data", tmp_path / "data")
    told("camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", *data)
    assert run("camera", "set", "Lobby", *wrong, *data)[0] == 2
