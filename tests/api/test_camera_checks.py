"""Checks of cameras over HTTP: begun, one at a time, told when they are over, ended with camera and service."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.camera_checks import CameraChecks, CheckUnknownError
from api.permission import Role
from ingest.camera.camera_store import CameraUnknownError
from ingest.check.check_process import CheckProcess
from ingest.messages.factory import Factory
from ingest.rehearsal.film.film import Film
from ingest.settings import IngestSettings
from matcher.picture.pixel_array import Image
from tests.api.conftest import Site

pytestmark = pytest.mark.slow

MakeCamera = Callable[..., str]


@pytest.fixture
def camera(site: Site, tmp_path: Path, astronaut: Image) -> MakeCamera:
    """Adds a camera that is a film of the astronaut with this length in seconds; returns its id."""

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


@pytest.fixture
def with_process(site: Site) -> Callable[..., CameraChecks]:
    """Has the site's checks begin with this in their process, in place of loading the models."""

    def put(factory: str) -> CameraChecks:
        checks = CameraChecks(
            settings=IngestSettings(),
            recogniser_factory=Factory(name=factory),
            clock=site.service.clock,
        )
        site.service.camera_control.checks = checks
        return checks

    return put


def over(client: Any, camera_id: str) -> Any:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        found = client.get(f"/cameras/{camera_id}/check").json()
        if not found["running"]:
            return found
        time.sleep(0.1)
    raise AssertionError("the check does not end")


def processes() -> list[psutil.Process]:
    """Those of checks that are not buried."""
    return [one for one in psutil.Process().children() if "ingest.check.check_process" in one.cmdline()]


def looking(client: Any, camera_id: str, *, seconds: float = 60.0) -> None:
    """Begins a check that never ends, and waits for its process."""
    begun = client.post(f"/cameras/{camera_id}/check", json={"seconds": seconds})
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + 60
    while not processes():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_check_is_begun_and_tells_its_findings(site: Site, camera: MakeCamera) -> None:
    lobby = camera()
    with site.client(Role.OPERATOR) as client:
        before = client.get(f"/cameras/{lobby}/check")
        assert (before.status_code, site.code(before)) == (404, "check_unknown")
        begun = client.post(f"/cameras/{lobby}/check", json={"seconds": 600})
        assert begun.status_code == 202, begun.text
        assert begun.json()["running"] and begun.json()["judged"] is None
        found = over(client, lobby)
    assert found["error"] is None
    assert (found["stream"]["width"], found["stream"]["codec"]) == (512, "h264")
    # Two seconds of one face are too little to judge a camera by.
    findings = {one["what"]: one for one in found["judged"]["findings"]}
    assert findings["faces_seen"]["verdict"] == "unknown"
    assert findings["faces_seen"]["measured"] == found["stream"]["faces"] >= 1
    assert findings["loss"]["measured"] == 0
    assert findings["eye_distance"]["measured"] > 30
    assert processes() == []


def test_one_camera_is_checked_at_a_time_and_how_long_to_wait_is_told(
    site: Site, camera: MakeCamera, with_process: Callable[..., CameraChecks]
) -> None:
    lobby, yard = camera(), camera("Yard")
    with_process("signal:pause")
    with site.client(Role.OPERATOR) as client:
        looking(client, lobby, seconds=120)
        second = client.post(f"/cameras/{yard}/check", json={})
    assert (second.status_code, site.code(second)) == (503, "busy")
    assert second.headers["Retry-After"] == "120"
    assert "120 seconds" in second.json()["error"]["remedy"]


def test_a_removed_camera_is_looked_at_no_more_and_its_slot_is_free(
    site: Site, camera: MakeCamera, with_process: Callable[..., CameraChecks]
) -> None:
    lobby, yard = camera(), camera("Yard")
    checks = with_process("signal:pause")
    with site.client(Role.OPERATOR) as client:
        looking(client, lobby)
        assert client.delete(f"/cameras/{lobby}").status_code == 204
        assert processes() == []
        with pytest.raises(CheckUnknownError):
            checks.of(lobby)
        looking(client, yard)
        # A request that had found the camera just before it was removed.
        checks.forget(yard)
        with pytest.raises(CameraUnknownError):
            checks.start(partial(site.service.cameras.get, lobby), seconds=60.0)
        with pytest.raises(CheckUnknownError):
            checks.of(lobby)
    assert processes() == []


def test_the_end_of_the_service_ends_a_check(
    site: Site, camera: MakeCamera, with_process: Callable[..., CameraChecks]
) -> None:
    lobby, yard = camera(), camera("Yard")
    checks = with_process("signal:pause")
    with site.client(Role.OPERATOR) as client:
        looking(client, lobby)
        checks.close()
        assert processes() == []
        after = client.post(f"/cameras/{yard}/check", json={})
        assert (after.status_code, site.code(after)) == (503, "busy")


def test_a_crash_in_a_check_is_told_and_leaves_the_service_as_it_was(
    site: Site, camera: MakeCamera, with_process: Callable[..., CameraChecks]
) -> None:
    lobby = camera()
    with_process("os:abort")
    with site.client(Role.OPERATOR) as client:
        for _ in range(2):
            assert client.post(f"/cameras/{lobby}/check", json={}).status_code == 202
            found = over(client, lobby)
            assert found["judged"] is None and found["error"]["code"] == "check_failed"
            assert "SIGABRT" in found["error"]["message"] and found["error"]["remedy"]


def test_whatever_breaks_a_check_ends_it(
    site: Site, camera: MakeCamera, with_process: Callable[..., CameraChecks], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: CheckProcess, start: object, progress: object) -> None:
        raise OSError("/secret/place is full")

    lobby = camera()
    monkeypatch.setattr(CheckProcess, "run", broken)
    with site.client(Role.OPERATOR) as client:
        assert client.post(f"/cameras/{lobby}/check", json={}).status_code == 202
        found = over(client, lobby)
        assert found["error"]["code"] == "check_failed" and found["error"]["remedy"]
        assert "(test_camera_checks.py:" in found["error"]["message"]
        assert "OSError" not in found["error"]["message"] and "secret" not in found["error"]["message"]
        assert client.post(f"/cameras/{lobby}/check", json={}).status_code == 202


def test_why_a_camera_could_not_be_looked_at_is_told(site: Site, camera: MakeCamera, tmp_path: Path) -> None:
    lobby = camera()
    (tmp_path / "Lobby.mp4").write_bytes(b"no film" * 100)
    with site.client(Role.OPERATOR) as client:
        client.post(f"/cameras/{lobby}/check", json={})
        found = over(client, lobby)
    assert found["judged"] is None
    assert found["error"]["code"] == "camera_stream" and found["error"]["remedy"]


@pytest.mark.parametrize("seconds", [0, -1, 601, "long", None])
def test_a_length_outside_the_bounds_is_refused(shared_site: Site, seconds: object) -> None:
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/cameras/x/check", json={"seconds": seconds})
    assert (answer.status_code, shared_site.code(answer)) == (422, "invalid_request")
