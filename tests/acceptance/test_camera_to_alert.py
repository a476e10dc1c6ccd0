"""The main job at its doors: a camera's packets become a reviewed, audited alert; a lost camera comes back."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.rehearsal.film.film import turn_film
from ingest.rehearsal.film.stamp import read as read_stamp
from ingest.rehearsal.server.rtsp_server import RtspServer
from matcher.picture.pixel_array import Image
from matcher.recognition.image import decode_image
from matcher.recognition.recogniser import Recogniser
from tests.acceptance.conftest import Clearglass, command, eventually

pytestmark = pytest.mark.slow

PURPOSE = "door-opening"
FILM_SECONDS = 12


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, astronaut: Image, recogniser: Recogniser) -> Path:
    """1080p25 H.264 in which the volunteer walks through; every frame bears its number."""
    from ingest.rehearsal.film.portrait import Person, portrait_of
    from ingest.rehearsal.film.scene import compose_scene

    path = tmp_path_factory.mktemp("film") / "scene.mp4"
    [face, *_] = recogniser.detect([astronaut])[0]
    volunteer = Person(name="volunteer", portraits=[portrait_of(astronaut, face)])
    compose_scene(path, people=[volunteer], strangers=[], seconds=FILM_SECONDS, seed=2, stamped=True)
    return path


def enrol(client: httpx.Client, picture: bytes) -> str:
    answer = client.post(
        "/subjects",
        data={
            "name": "Eileen Collins",
            "purpose": PURPOSE,
            "valid_until": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
            "evidence_digest": "ab" * 32,
        },
        files={"files": ("portrait.jpg", picture, "image/jpeg")},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subject"]["id"])


def add_camera(client: httpx.Client, name: str, address: str) -> str:
    answer = client.post("/cameras", json={"name": name, "address": address, "purpose": PURPOSE})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def health(client: httpx.Client, camera_id: str) -> dict[str, Any]:
    answer = client.get(f"/cameras/{camera_id}")
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()["health"]
    return found


def frames_lost(client: httpx.Client, camera_id: str) -> int:
    """How far the frames that were decoded lag behind the frames that were sent, modulo the film's length.

    A view's number counts what was decoded, and the stamp in its picture what was sent: as long as nothing is lost the
    difference stays what it was.
    """
    with client.stream("GET", "/events") as events:
        lines = events.iter_lines()
        for line in lines:
            if line != "event: view":
                continue
            view = json.loads(next(lines).removeprefix("data: "))
            if view["camera_id"] != camera_id:
                continue
            picture = client.get(f"/cameras/{camera_id}/view.jpg", params={"n": view["number"]})
            stamp = read_stamp(decode_image(picture.content)) if picture.status_code == 200 else None
            if stamp is not None:
                return int(stamp - view["number"]) % (FILM_SECONDS * 25)
    raise AssertionError("the events ended")


def log_in(browser: Browser, running: Clearglass, name: str) -> Page:
    page = browser.new_context(base_url=running.address, viewport={"width": 1400, "height": 900}).new_page()
    page.goto("/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(running.passwords[name])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def test_from_a_cameras_packet_to_a_reviewed_alert(
    clearglass: Clearglass, film: Path, astronaut_jpeg: bytes, browser: Browser
) -> None:
    admin = clearglass.client("admin")
    subject = enrol(admin, astronaut_jpeg)
    first = log_in(browser, clearglass, "ada")
    with RtspServer({"lobby": film}) as server:
        add_camera(admin, "Lobby", server.url("lobby"))
        # The page that was open before anything happened shows the alert by itself.
        expect(first.get_by_text("Eileen Collins").first).to_be_visible(timeout=45_000)

    [alert, *_] = admin.get("/alerts").json()
    assert alert["subject_id"] == subject
    for name, status in (("ada", "awaiting_second"), ("grace", "confirmed")):
        reviewer = clearglass.client(name)
        assert reviewer.get(f"/alerts/{alert['id']}").json()["status"] == "open"
        page = first if name == "ada" else log_in(browser, clearglass, name)
        page.goto(f"/alerts?alert={alert['id']}")
        page.get_by_role("button", name="Confirm").first.click()
        eventually(
            lambda: reviewer.get(f"/alerts/{alert['id']}").json()["status"] == status,  # noqa: B023
            seconds=10,
            what=f"the alert is {status}",
        )

    entries = admin.get("/log/entries", params={"limit": 500}).json()["entries"]
    reviews = [entry for entry in entries if entry["kind"] == "review" and entry["body"]["alert"] == alert["id"]]
    assert len({review["body"]["actor"] for review in reviews}) == 2
    outcome = next(entry for entry in entries if entry["index"] == alert["outcome_index"])
    assert outcome["kind"] == "outcome"
    assert outcome["body"]["request"] == alert["request_index"]
    log_page = log_in(browser, clearglass, "admin")
    log_page.goto("/log")
    expect(log_page.locator("#verification[data-state=good]")).to_be_visible(timeout=10_000)
    # The check reads beside the running service, as an auditor would.
    assert json.loads(command("audit", "verify", "--data", clearglass.folder, "--json"))["verified"] is True


def test_a_camera_that_hangs_upside_down_finds_who_walks_past_once_its_rotation_is_set(
    clearglass: Clearglass, film: Path, astronaut_jpeg: bytes, tmp_path: Path
) -> None:
    admin = clearglass.client("admin")
    subject = enrol(admin, astronaut_jpeg)
    hung = turn_film(film, tmp_path / "hung.mp4", 180)
    with RtspServer({"hung": hung}) as server:
        told = command("camera", "check", server.url("hung"), "--seconds", "20", "--json", status=3)
        (upright,) = [finding for finding in json.loads(told)["judged"]["findings"] if finding["what"] == "upright"]
        assert upright["verdict"] == "fail" and "180" in upright["change"]

        camera = add_camera(admin, "Hall", server.url("hung"))
        eventually(
            lambda: health(admin, camera)["turned"] == 180, seconds=180, what="the page says that faces look turned"
        )
        assert admin.get("/alerts").json() == []
        answer = admin.patch(f"/cameras/{camera}", json={"rotation": 180})
        assert answer.status_code == 200, answer.text
        [alert, *_] = eventually(lambda: admin.get("/alerts").json(), seconds=120, what="the volunteer is found")
        assert alert["subject_id"] == subject
        assert health(admin, camera)["turned"] is None


def test_a_camera_comes_back_and_its_neighbour_loses_nothing(clearglass: Clearglass, film: Path) -> None:
    admin = clearglass.client("admin")
    with RtspServer({"east": film}) as east, RtspServer({"west": film}) as west:
        lost = add_camera(admin, "East", east.url("east"))
        kept = add_camera(admin, "West", west.url("west"))
        for camera in (lost, kept):
            eventually(
                lambda: health(admin, camera)["frames"] > 50,  # noqa: B023
                seconds=40,
                what="both cameras are live",
            )
        lag = frames_lost(admin, kept)
        before = _held_by(clearglass.process.pid)

        east.kill()
        eventually(lambda: health(admin, lost)["state"] == "reconnecting", seconds=15, what="the loss is noticed")
        time.sleep(3)
        east.start()
        returned, seen = time.monotonic(), health(admin, lost)["frames"]
        eventually(lambda: health(admin, lost)["frames"] > seen, seconds=10, what="the camera is back")
        assert time.monotonic() - returned < 10
        eventually(lambda: health(admin, lost)["state"] == "live", seconds=10, what="the camera is live")

        neighbour = health(admin, kept)
        assert neighbour["reconnects"] == 0
        assert neighbour["restarts"] == 0
        assert frames_lost(admin, kept) == lag

        def back() -> bool:
            health(admin, kept)  # the pool that answers requests ends threads idle for ten seconds, at the next one
            return all(now <= then for now, then in zip(_held_by(clearglass.process.pid), before, strict=True))

        eventually(
            back,
            seconds=30,
            what=f"no more processes, threads and descriptors than {before}",
        )
    # Nobody was enrolled here: everybody the cameras saw was a stranger, and left no picture in any file.
    outcomes = json.loads(command("audit", "show", "--kind", "outcome", "--data", clearglass.folder, "--json"))
    assert outcomes
    assert not any(outcome["body"]["candidates"] for outcome in outcomes)
    assert not any(b"\xff\xd8\xff" in file.read_bytes() for file in clearglass.folder.rglob("*") if file.is_file())


def _held_by(pid: int) -> tuple[int, int, int]:
    """Processes, threads and descriptors of the server and its workers."""
    server = psutil.Process(pid)
    family = [server, *server.children(recursive=True)]
    return len(family), sum(one.num_threads() for one in family), sum(one.num_fds() for one in family)
