"""Checks of cameras over HTTP: begun, one at a time, told when they are over, ended with the service."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.permission import Role
from ingest.rehearsal.film import Film
from matcher.recognition.face import Image

MakeCamera = Callable[..., str]


@pytest.fixture
def camera(site: Any, tmp_path: Path, astronaut: Image) -> MakeCamera:
    """Adds a camera that is a film of the astronaut, so many seconds long; gives its id."""

    def add(name: str = "Lobby", *, seconds: float = 2.0) -> str:
        path = tmp_path / f"{name}.mp4"
        with Film(path, width=512, height=512, fps=10) as film:
            for _ in range(round(seconds * 10)):
                film.add(astronaut)
        added = site.service.cameras.add(
            name=name, address=str(path), purpose="demo", actor="cli:test", enabled=False, local=True
        )
        return str(added.id)

    return add


def over(client: Any, camera_id: str) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = client.get(f"/cameras/{camera_id}/check").json()
        if not found["running"]:
            return found
        time.sleep(0.1)
    raise AssertionError("the check does not end")


def test_a_check_is_begun_and_tells_its_findings(site: Any, camera: MakeCamera) -> None:
    lobby = camera()
    with site.client(Role.OPERATOR) as client:
        before = client.get(f"/cameras/{lobby}/check")
        assert (before.status_code, site.code(before)) == (404, "check_unknown")
        begun = client.post(f"/cameras/{lobby}/check", json={"seconds": 30})
        assert begun.status_code == 202, begun.text
        assert begun.json()["running"] and begun.json()["judged"] is None
        found = over(client, lobby)
    assert found["error"] is None
    assert (found["stream"]["width"], found["stream"]["codec"]) == (512, "h264")
    # Two seconds of one face are too little to judge a camera by.
    assert found["judged"]["verdict"] == "unknown"
    findings = {one["what"]: one for one in found["judged"]["findings"]}
    assert findings["faces_seen"]["measured"] == found["stream"]["faces"] >= 2
    assert findings["loss"]["verdict"] == "pass"
    assert findings["eye_distance"]["measured"] > 30


def test_one_camera_is_checked_at_a_time_and_a_removed_one_is_forgotten(site: Any, camera: MakeCamera) -> None:
    lobby, yard = camera(seconds=6.0), camera("Yard")
    with site.client(Role.OPERATOR) as client:
        assert client.post(f"/cameras/{lobby}/check", json={}).status_code == 202
        second = client.post(f"/cameras/{yard}/check", json={})
        assert (second.status_code, site.code(second)) == (503, "busy")
        assert client.delete(f"/cameras/{lobby}").status_code == 204
        assert client.get(f"/cameras/{lobby}/check").status_code == 404
    began = time.monotonic()
    site.service.camera_checks.close()
    assert time.monotonic() - began < 5
    after = site.as_role(Role.OPERATOR, "POST", f"/cameras/{yard}/check", json={})
    assert (after.status_code, site.code(after)) == (503, "busy")


def test_why_a_camera_could_not_be_looked_at_is_told(site: Any, camera: MakeCamera, tmp_path: Path) -> None:
    lobby = camera()
    (tmp_path / "Lobby.mp4").write_bytes(b"no film" * 100)
    with site.client(Role.OPERATOR) as client:
        client.post(f"/cameras/{lobby}/check", json={})
        found = over(client, lobby)
    assert found["judged"] is None
    assert found["error"]["code"] == "camera_stream" and found["error"]["remedy"]


@pytest.mark.parametrize("seconds", [0, -1, 601, "long", None])
def test_a_length_outside_the_bounds_is_refused(shared_site: Any, seconds: object) -> None:
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/cameras/x/check", json={"seconds": seconds})
    assert (answer.status_code, shared_site.code(answer)) == (422, "invalid_request")
