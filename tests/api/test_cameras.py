"""Cameras over HTTP: hostile addresses, logins that are never shown, live views."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.permission import Role
from api.routers.cameras import HealthOut
from ingest.camera.health import CameraState, Health
from ingest.messages.message import View, ViewBox
from matcher.recognition.face import Box

CAMERA = {"name": "Lobby", "address": "rtsp://10.1.2.3/stream", "purpose": "demo", "enabled": False}


def test_add_read_change_remove(site: Any) -> None:
    with site.client(Role.OPERATOR) as client:
        made = client.post("/cameras", json=CAMERA)
        assert made.status_code == 201, made.text
        camera = made.json()["id"]
        assert client.get("/cameras").json() == [made.json()]
        assert made.json()["health"]["state"] == "stopped"
        taken = client.post("/cameras", json=CAMERA)
        assert (taken.status_code, site.code(taken)) == (409, "camera_exists")
        changed = client.patch(f"/cameras/{camera}", json={"name": "Yard", "analysed_fps": 2})
        assert (changed.json()["name"], changed.json()["analysed_fps"]) == ("Yard", 2)
        assert changed.json()["address"] == CAMERA["address"]
        assert client.delete(f"/cameras/{camera}").status_code == 204
        assert client.get(f"/cameras/{camera}").status_code == 404
    kinds = [entry.body for entry in site.service.matcher.log.entries(0, 100) if entry.kind == "camera"]
    assert [body["action"] for body in kinds] == ["added", "changed", "removed"]
    assert {body["actor"] for body in kinds} == {f"user:{site.accounts[Role.OPERATOR]}"}


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("file:///etc/passwd", 403, "camera_address_refused"),
        ("/etc/passwd", 403, "camera_address_refused"),
        ("0", 403, "camera_address_refused"),
        ("concat:/etc/passwd|/etc/shadow", 403, "camera_address_refused"),
        ("ftp://10.1.2.3/x", 403, "camera_address_refused"),
        ("rtsp://127.0.0.1/x", 403, "camera_address_refused"),
        ("http://localhost:8600/api/v1/accounts", 403, "camera_address_refused"),
        ("http://[::ffff:127.0.0.1]/x", 403, "camera_address_refused"),
        ("http://169.254.169.254/latest/meta-data", 403, "camera_address_refused"),
        ("http://2130706433/x", 422, "camera_address_invalid"),
        ("rtsp://", 422, "camera_address_invalid"),
        ("rtsp://10.1.2.3:99999/x", 422, "camera_address_invalid"),
        ("rtsp://10.1.2.3:22/x", 403, "camera_address_refused"),
        ("rtsp://10.1.2.3/\r\nx", 422, "camera_address_invalid"),
        ("rtsp://no-such-host.invalid/x", 422, "camera_address_invalid"),
    ],
)
def test_hostile_addresses_are_refused(shared_site: Any, address: str, status: int, code: str) -> None:
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/cameras", json=CAMERA | {"address": address})
    assert (answer.status_code, shared_site.code(answer)) == (status, code), answer.text
    assert shared_site.as_role(Role.OPERATOR, "GET", "/cameras").json() == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "\u0000"},
        {"name": "x" * 101},
        {"analysed_fps": 0},
        {"analysed_fps": 1e9},
        {"analysed_fps": "fast"},
        {"min_eye_distance": -1},
        {"purpose": ""},
        {"purpose": None},
        {"address": "x" * 3000},
        {"enabled": "perhaps"},
        {"credentials": "admin:admin"},
        {"rotation": 45},
        {"rotation": "upright"},
        {"mirrored": "perhaps"},
        {"aspect": "wide"},
        {"aspect": "16:0"},
        {"certificate": "unverified"},
        {"certificate": "sha256:abc"},
        {"snapshot_seconds": 0},
        {"snapshot_seconds": 1e9},
    ],
)
def test_cameras_outside_the_bounds_are_refused(shared_site: Any, change: dict[str, object]) -> None:
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/cameras", json=CAMERA | change)
    assert answer.status_code in {403, 422}, answer.text
    shared_site.code(answer)


@pytest.mark.slow
def test_a_cameras_password_is_never_seen_again(
    open_site: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, shown = tmp_path / "data", []
    passwords = ["canary", "can%21ary", "c@nary", "can:ary", "can/ary", "can#ary?x"]
    for site in open_site(folder):
        with site.client(Role.ADMINISTRATOR) as client:
            for password in passwords:
                shown += [answer.text for answer in _asked_with(client, site, password)]
    shown += [record.getMessage() for record in caplog.records]
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    for password in passwords:
        assert not [text for text in shown if password in text]
        assert not [data for data in files if password.encode() in data]


def _asked_with(client: httpx.Client, site: Any, password: str) -> list[httpx.Response]:
    """Every way to hand a camera's password in, right and wrong, and every way to ask for what is known then."""
    camera = CAMERA | {"credentials": {"username": "viewer", "password": password}}
    in_address = f"rtsp://viewer:{password}@10.1.2.3/stream"
    answers = [
        client.post("/cameras", json=camera),
        client.post("/cameras", json=camera),
        client.post("/cameras", json=CAMERA | {"name": "Other", "address": in_address}),
        client.post("/cameras", json=camera | {"name": ""}),
        client.post("/cameras", json=CAMERA | {"name": "No", "address": in_address.replace("rtsp", "gopher")}),
        client.post("/cameras", json=CAMERA | {"name": "No", "address": in_address.replace("10.1", "127.0")}),
        client.post("/cameras", json=CAMERA | {"credentials": {"username": [], "password": password}}),
        client.post("/cameras", json=CAMERA | {"address": [in_address]}),
        client.get("/cameras"),
        client.get("/log/entries?limit=1000"),
        client.get(f"{site.address}/metrics"),
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 201, 422, 403, 403, 422, 422, 200, 200, 200]
    first = answers[0].json()["id"]
    assert site.service.cameras.get(first).credentials.password == password
    for camera_id in (first, answers[2].json()["id"]):
        answers.append(client.get(f"/cameras/{camera_id}"))
        assert answers[-1].json()["has_credentials"] is True
        answers.append(client.patch(f"/cameras/{camera_id}", json={"purpose": "other"}))
        answers.append(client.get(f"{site.address}/cameras"))
    moved = client.patch(f"/cameras/{first}", json={"address": "rtsp://10.9.9.9/stream"})
    assert moved.json()["has_credentials"] is False
    for camera_id in (first, answers[2].json()["id"]):
        assert client.delete(f"/cameras/{camera_id}").status_code == 204
    return answers


def test_auditors_see_where_a_camera_is_and_no_path(site: Any) -> None:
    address = "rtsp://10.1.2.3:554/user=admin&password=canary"
    assert site.as_role(Role.OPERATOR, "POST", "/cameras", json=CAMERA | {"address": address}).status_code == 201
    assert "canary" in site.as_role(Role.OPERATOR, "GET", "/cameras").text
    seen = site.as_role(Role.AUDITOR, "GET", "/cameras")
    assert seen.json()[0]["address"] == "rtsp://10.1.2.3:554"
    assert "canary" not in seen.text


def test_a_live_view_is_made_when_somebody_asks(site: Any) -> None:
    camera = site.as_role(Role.OPERATOR, "POST", "/cameras", json=CAMERA).json()["id"]
    with site.client(Role.OPERATOR) as client:
        early = client.get(f"/cameras/{camera}/view.jpg")
        assert (early.status_code, site.code(early)) == (404, "view_unknown")
        site.service.events.viewed(camera, _view(7))
        answer = client.get(f"/cameras/{camera}/view.jpg")
        assert answer.content == b"jpeg"
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-view-number"] == "7"
        site.service.events.viewed(camera, _view(8))
        assert client.get(f"/cameras/{camera}/view.jpg").headers["x-view-number"] == "8"
        assert client.get(f"/cameras/{camera}/view.jpg?n=7").headers["x-view-number"] == "7"
        other = client.get(f"/cameras/{camera}/view.jpg?n=9")
        assert (other.status_code, site.code(other)) == (404, "view_unknown")
        client.delete(f"/cameras/{camera}")
        assert client.get(f"/cameras/{camera}/view.jpg").status_code == 404


def _view(number: int, subject: str | None = None) -> View:
    box = ViewBox(track=1, box=Box(x=0.1, y=0.2, width=0.3, height=0.4), subject_id=subject)
    return View(number=number, captured_at=datetime.now(UTC), jpeg=b"jpeg", boxes=(box,))


def _listen(site: Any, role: Role, subject: str, ends: set[str]) -> str:
    """What a listener of this role hears until all of `ends` have come."""
    heard = ""
    with site.client(role) as client, client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            heard += line + "\n"
            if line.startswith("retry:"):
                _happen(site, subject)
            if all(end in heard for end in ends):
                break
    return heard


def _happen(site: Any, subject: str) -> None:
    events = site.service.events
    events.viewed("lobby", _view(1, subject))
    events.alert_raised(site.service.matcher.alerts.alerts(limit=1)[0])
    events.reported("lobby", Health(camera_id="lobby", state=CameraState.LIVE, frames=4711))


@pytest.mark.slow
def test_what_each_role_hears(site: Any, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg, name="Canary Person")
    site.alert(astronaut_jpeg)
    operator = _listen(site, Role.OPERATOR, subject, {"event: alert", '"stranger"', "4711"})
    assert operator.count("event: alert") == 1
    assert operator.count("Canary Person") == 2
    assert '"number":1' in operator
    auditor = _listen(site, Role.AUDITOR, subject, {"event: alert", '"raised_at"', "4711"})
    assert subject in auditor
    assert "Canary" not in auditor
    assert "event: view" not in auditor


@pytest.mark.slow
def test_a_review_is_heard(site: Any, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    with (
        site.logged_in(site.colleague("first")) as first,
        site.logged_in(site.colleague("second")) as second,
        site.client(Role.OPERATOR) as client,
        client.stream("GET", "/events?views=false") as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        # An account that could be the second reviewer is not notified of a first confirmation, and is of the deciding
        # review.
        for reviewer in (first, second):
            reviewer.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"})
        heard = next(line for line in lines if line.startswith("event"))
        assert heard == "event: review"
        assert '"status":"confirmed"' in next(lines)


def test_the_server_stops_at_once_though_somebody_listens(open_site: Any, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data"):
        client = httpx.Client(
            verify=False, timeout=60, headers={"Authorization": f"Bearer {site.tokens[Role.OPERATOR]}"}
        )
        stream = client.stream("GET", f"{site.address}/api/v1/events")
        next(stream.__enter__().iter_lines())
        began = time.monotonic()
    assert time.monotonic() - began < 4.5
    client.close()


@pytest.mark.slow
def test_a_stream_ends_when_its_token_does(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routers.events.BEAT_SECONDS", 0.1)
    issued = site.service.accounts.issue_token(site.accounts[Role.OPERATOR], name="x", actor="cli:test")
    headers = {"Authorization": f"Bearer {issued.secret}"}
    client = httpx.Client(verify=False, headers=headers, timeout=60)
    with client, client.stream("GET", f"{site.address}/api/v1/events") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line == "event: alive")
        site.service.accounts.revoke_token(issued.token.id, actor="cli:test")
        # The rest comes to an end; a stream that went on would run into the test's own time limit.
        assert {"", "event: alive", "data: {}"} >= set(lines)


def test_listeners_that_go_leave_nothing_behind(site: Any) -> None:
    for _ in range(5):
        with site.client(Role.OPERATOR) as client, client.stream("GET", "/events") as stream:
            next(stream.iter_lines())
    wanted = [True]
    site.service.events.on_watching(lambda camera_id, on: wanted.append(on))
    deadline = time.monotonic() + 20
    while wanted[-1]:
        assert time.monotonic() < deadline
        site.service.events.viewed("lobby", View(number=1, captured_at=datetime.now(UTC), jpeg=b"", boxes=()))
        time.sleep(0.05)


def test_a_substream_is_shown_to_who_may_change_it_and_taken_away_by_null(site: Any) -> None:
    smaller = "rtsp://10.1.2.3:554/small?password=canary"
    with site.client(Role.OPERATOR) as client:
        made = client.post("/cameras", json=CAMERA | {"substream": smaller})
        assert (made.status_code, made.json()["substream"]) == (201, smaller), made.text
        camera = made.json()["id"]
        kept = client.patch(f"/cameras/{camera}", json={"name": "Yard"})
        assert kept.json()["substream"] == smaller
        elsewhere = client.patch(f"/cameras/{camera}", json={"substream": "rtsp://10.1.2.4/small"})
        assert (elsewhere.status_code, site.code(elsewhere)) == (422, "camera_invalid")
        seen = site.as_role(Role.AUDITOR, "GET", "/cameras")
        assert seen.json()[0]["substream"] == "rtsp://10.1.2.3:554"
        assert "canary" not in seen.text
        assert client.patch(f"/cameras/{camera}", json={"substream": None}).json()["substream"] is None


FINGERPRINT = "0123456789abcdef" * 4


def test_the_settings_of_picture_and_connection_are_read_back_and_changed(site: Any) -> None:
    secure = CAMERA | {"address": "rtsps://10.1.2.3:322/stream"}
    with site.client(Role.OPERATOR) as client:
        plain = client.post("/cameras", json=secure).json()
        assert (plain["rotation"], plain["mirrored"], plain["aspect"], plain["certificate"]) == (0, False, None, None)
        assert (plain["snapshot_seconds"], plain["time_zone"]) == (1.0, None)
        camera = f"/cameras/{plain['id']}"
        change = {
            "rotation": 180,
            "mirrored": True,
            "aspect": "16:9",
            "certificate": f"SHA256:{FINGERPRINT.upper()}",
            "snapshot_seconds": 5,
            "time_zone": "Asia/Tokyo",
        }
        changed = client.patch(camera, json=change)
        assert changed.status_code == 200, changed.text
        assert {key: changed.json()[key] for key in change} == change | {"certificate": f"sha256:{FINGERPRINT}"}
        kept = client.patch(camera, json={"name": "Yard", "rotation": None}).json()
        assert (kept["rotation"], kept["aspect"]) == (180, "16:9")
        without = {"aspect": None, "certificate": None, "time_zone": None}
        removed = client.patch(camera, json=without).json()
        assert removed["time_zone"] is None
        assert (removed["aspect"], removed["certificate"], removed["mirrored"]) == (None, None, True)
        assert client.get(camera).json()["rotation"] == 180


def test_an_unknown_time_zone_is_refused_with_near_ones(site: Any) -> None:
    with site.client(Role.OPERATOR) as client:
        refused = client.post("/cameras", json=CAMERA | {"time_zone": "Berlin"})
        assert (refused.status_code, site.code(refused)) == (422, "time_zone_unknown")
        assert refused.json()["error"]["remedy"] == "Did you mean Europe/Berlin?"
        assert client.get("/cameras").json() == []


def test_an_exception_from_the_certificate_is_shown_and_logged_and_ends_with_the_place(site: Any) -> None:
    secure = CAMERA | {"address": "https://10.1.2.3/video", "certificate": "unverified"}
    with site.client(Role.OPERATOR) as client:
        camera = client.post("/cameras", json=secure).json()["id"]
        assert site.as_role(Role.AUDITOR, "GET", "/cameras").json()[0]["certificate"] == "unverified"
        moved = client.patch(f"/cameras/{camera}", json={"address": "https://10.1.2.4/video"})
        assert moved.json()["certificate"] is None
        plain = client.patch(f"/cameras/{camera}", json={"address": "http://10.1.2.4/v", "certificate": "unverified"})
        assert (plain.status_code, site.code(plain)) == (422, "camera_certificate_invalid")
    told = [entry.body for entry in site.service.matcher.log.entries(0, 100) if entry.kind == "camera"]
    assert [body.get("certificate") for body in told] == ["unverified", "verified"]


def test_health_says_what_was_lost_how_faces_are_turned_and_when_a_login_is_tried_next() -> None:
    retry_at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    health = Health(
        camera_id="lobby",
        state=CameraState.RECONNECTING,
        received_packets=990,
        lost_packets=10,
        turned=180,
        retry_at=retry_at,
    )
    told = HealthOut.of(health).model_dump(mode="json")
    assert (told["received_packets"], told["lost_packets"], told["turned"]) == (990, 10, 180)
    assert told["retry_at"] == "2026-03-01T09:30:00Z"
