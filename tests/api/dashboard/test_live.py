from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from api.permission import Role
from ingest.camera.health import CameraState, Health
from ingest.messages.message import View, ViewBox
from matcher.recognition.face import Box
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def lobby(site: Site):
    """A camera whose worker is played by the test."""
    return site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test")


def health(camera, state=CameraState.LIVE, **changes):
    figures = {"width": 1920, "height": 1080, "frame_rate": 25.04, "bitrate": 3.2e6, "analysed_rate": 4.9}
    counters = {"newest_frame_age": 0.1, "frames": 900, "dropped": 1234}
    return Health(**({"camera_id": camera.id, "state": state} | figures | counters | changes))


def connected(page: Page):
    expect(page.locator("#connection")).to_have_attribute("data-state", "open")
    return page


def show(site: Site, page: Page, camera, jpeg, boxes):
    """Sends views until one is on the page: a worker makes them only once somebody looks."""
    for number in range(1, 50):
        site.service.events.viewed(
            camera.id, View(number=number, captured_at=datetime.now(UTC), jpeg=jpeg, boxes=tuple(boxes))
        )
        page.wait_for_timeout(100)
        if page.locator(f"[data-camera='{camera.id}'] img").count():
            return
    raise AssertionError("no view came")


def test_names_for_those_who_consented_and_plain_boxes_for_strangers(
    open_page: OpenPage, site: Site, lobby, astronaut_jpeg: bytes
) -> None:
    subject = site.enrol(astronaut_jpeg)
    page = connected(open_page("/", role=Role.OPERATOR))
    site.service.events.reported(lobby.id, health(lobby))
    boxes = [
        ViewBox(track=1, box=Box(x=0.5, y=0.25, width=0.1, height=0.2), subject_id=subject),
        ViewBox(track=2, box=Box(x=0.1, y=0.5, width=0.2, height=0.25), subject_id=None, note="turned"),
    ]
    show(site, page, lobby, astronaut_jpeg, boxes)
    tile = page.locator(f"[data-camera='{lobby.id}']")
    expect(tile.locator("text", has_text="Eileen Collins")).to_have_count(1)
    expect(tile.locator("path.known")).to_have_count(1)
    expect(tile.locator("rect.stranger")).to_have_count(1)
    expect(tile.locator("text.aside")).to_have_text("turned away")
    # The picture is square and the tile is not, so shares of the picture are not shares of the tile.
    frame, stranger = tile.locator(".picture").bounding_box(), tile.locator("rect.stranger").bounding_box()
    side = min(frame["width"], frame["height"])
    assert stranger["width"] == pytest.approx(0.2 * side, abs=3)
    assert stranger["x"] == pytest.approx(frame["x"] + (frame["width"] - side) / 2 + 0.1 * side, abs=3)


def test_the_health_of_a_camera_stands_below_its_picture(open_page: OpenPage, site: Site, lobby) -> None:
    page = connected(open_page("/", role=Role.OPERATOR))
    site.service.events.reported(lobby.id, health(lobby))
    vitals = page.locator(".vitals")
    for figure in ("25.0", "4.9", "3.2 Mb/s", "1920×1080", "1,234"):
        expect(vitals).to_contain_text(figure)
    expect(page.locator("#live-summary")).to_have_text("1 of 1 camera live")


def test_a_lost_camera_says_why(open_page: OpenPage, site: Site, lobby) -> None:
    page = connected(open_page("/", role=Role.OPERATOR))
    trouble = "Nobody answers at 192.168.1.20."
    site.service.events.reported(lobby.id, health(lobby, CameraState.RECONNECTING, error=trouble))
    expect(page.locator(".standby")).to_contain_text("Reconnecting")
    expect(page.locator(".standby")).to_contain_text(trouble)
    expect(page.locator("#live-summary")).to_have_text("0 of 1 camera live")


def test_an_alert_arrives_by_itself(open_page: OpenPage, site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    page = connected(open_page("/", role=Role.OPERATOR))
    expect(page.locator("#incoming")).to_contain_text("Nothing to review")
    expect(page.locator("#to-review")).to_be_hidden()
    alert = site.alert(astronaut_jpeg)
    card = page.locator(f"#incoming [data-alert='{alert}']")
    expect(card).to_contain_text("Eileen Collins")
    expect(page.locator("#to-review")).to_have_text("1")
    expect(page).to_have_title("(1) Live · Clearglass")
    expect(page.locator("#incoming")).not_to_contain_text("Nothing to review")
    card.locator("a").click()
    page.wait_for_url(f"**/alerts?alert={alert}")


def test_a_lost_connection_is_shown(open_page: OpenPage, site: Site, lobby) -> None:
    page = connected(open_page("/", role=Role.OPERATOR))
    site.service.events.close()
    expect(page.locator("#connection")).to_have_text("Reconnecting")
    expect(page.locator("body")).to_have_attribute("data-connection", "lost")


def test_without_a_camera_the_page_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("/", role=Role.OPERATOR)
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    page.get_by_role("link", name="Add a camera").click()
    page.wait_for_url("**/cameras")
