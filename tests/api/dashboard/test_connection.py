"""What pages say when the service or the session is gone: nothing that is no longer known to be so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from api.http.guard import COOKIE
from api.permission import Role
from ingest.camera.health import CameraState, Health
from ingest.messages.message import View
from tests.api.conftest import Site
from tests.api.dashboard.conftest import PASSWORD, OpenPage
from tests.api.dashboard.line import Line


@pytest.fixture
def line(site: Site) -> Iterator[Line]:
    with Line(int(urlsplit(site.address).port or 0)) as line:
        yield line


@pytest.fixture
def lobby(site: Site) -> str:
    """A camera that is live."""
    camera = site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:t")
    live(site, camera.id)
    return str(camera.id)


def live(site: Site, camera: str) -> None:
    figures = {"width": 1920, "height": 1080, "frame_rate": 25.0, "bitrate": 3e6, "analysed_rate": 5.0}
    counters = {"newest_frame_age": 0.1, "frames": 900, "dropped": 0}
    site.service.events.reported(camera, Health(camera_id=camera, state=CameraState.LIVE, **figures, **counters))


def end_session(site: Site, page: Any) -> None:
    [cookie] = [one for one in page.context.cookies() if one["name"] == COOKIE]
    site.service.logins.log_out(cookie["value"])


def log_in_again(page: Any) -> None:
    """As the page says: in the tab that it opens, which closes itself."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Log in again").click()
    login = opened.value
    expect(login.locator("main")).to_contain_text("Your session has ended.")
    login.get_by_label("Name").fill("operator")
    login.get_by_label("Password").fill(PASSWORD)
    with login.expect_event("close"):
        login.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_nothing_is_called_live_while_the_service_is_gone(
    open_page: OpenPage, site: Site, lobby: str, line: Line, how: str
) -> None:
    page = open_page("/", role=Role.OPERATOR)
    page.goto(f"{line.address}/")
    expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live")
    expect(page.locator(".vitals")).to_contain_text("25.0")
    getattr(line, how)()
    # A connection that is closed is noticed at once, one on which nothing comes after some seconds.
    expect(page.locator("#lost")).to_contain_text("No connection to the service.", timeout=16_000)
    expect(page.locator("#live-summary")).to_have_text("1 camera, state unknown")
    tile = page.locator(".tile")
    expect(tile).to_have_attribute("data-state", "unknown")
    expect(tile.locator(".standby")).to_contain_text("Unknown")
    assert "25.0" not in tile.locator(".vitals").inner_text()
    if how == "cut":
        line.mend()
        expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live", timeout=16_000)
        expect(page.locator("#lost")).to_be_empty()


def test_the_table_of_cameras_knows_no_state_while_the_service_is_gone(
    open_page: OpenPage, site: Site, lobby: str, line: Line
) -> None:
    page = open_page("/", role=Role.OPERATOR)
    page.goto(f"{line.address}/cameras")
    row = page.locator("#cameras tbody tr")
    expect(page.locator("#connection")).to_have_attribute("data-state", "open")
    expect(row).to_have_count(1)
    live(site, lobby)
    expect(row.locator(".chip")).to_have_text("Live")
    line.cut()
    expect(row.locator(".chip")).to_have_text("Unknown")
    expect(row).not_to_contain_text("25.0/s")
    line.mend()
    expect(row.locator(".chip")).not_to_have_text("Unknown", timeout=16_000)


def test_a_page_whose_session_has_ended_says_so_and_goes_on_after_a_login(
    open_page: OpenPage, site: Site, lobby: str
) -> None:
    page = open_page("/", role=Role.OPERATOR)
    expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live")
    end_session(site, page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended")
    expect(page.locator("#live-summary")).to_have_text("1 camera, state unknown")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    log_in_again(page)
    expect(dialog).to_have_count(0)
    expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live")
    assert page.url.endswith("/")


def test_a_live_picture_that_is_refused_makes_the_page_ask_whether_the_session_has_ended(
    open_page: OpenPage, site: Site, lobby: str, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routers.events.BEAT_SECONDS", 60.0)  # the stream would not end for a minute
    page = open_page("/", role=Role.OPERATOR)
    expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live")
    end_session(site, page)
    site.service.events.viewed(lobby, View(number=1, captured_at=datetime.now(UTC), jpeg=astronaut_jpeg, boxes=()))
    expect(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    expect(page.locator(".tile")).to_have_attribute("data-state", "unknown")


def test_a_filled_form_outlives_its_session(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routers.events.BEAT_SECONDS", 60.0)  # the form is the first to notice
    portrait, proof = tmp_path / "portrait.jpg", tmp_path / "consent.txt"
    portrait.write_bytes(astronaut_jpeg)
    proof.write_bytes(b"I agree.")
    page = open_page("/people/enrol", role=Role.OPERATOR)
    page.get_by_label("Name").fill("Eileen Collins")
    page.locator("#pictures").set_input_files(portrait)
    page.get_by_label("Purpose").fill("door-opening")
    page.get_by_label("Signed consent").set_input_files(proof)
    end_session(site, page)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    assert site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []
    log_in_again(page)
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()
    assert len(site.as_role(Role.OPERATOR, "GET", "/subjects").json()) == 1


def test_a_page_asked_for_after_the_session_has_ended_leads_to_a_login_that_says_so(
    open_page: OpenPage, site: Site
) -> None:
    page = open_page("/log", role=Role.OPERATOR)
    end_session(site, page)
    page.goto("/people")
    expect(page.locator("main")).to_contain_text("Your session has ended.")
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/people")
    anonymous = open_page("/people", role=None)
    expect(anonymous.get_by_label("Name")).to_be_visible()
    assert "session has ended" not in anonymous.locator("main").inner_text()
