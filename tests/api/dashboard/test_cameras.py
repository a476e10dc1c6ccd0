from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from api.permission import Role
from ingest.camera.camera import Credentials
from ingest.camera.health import CameraState, Health
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage

CANARY = "canary-%21@:/#"


def fill(page: Page, address):
    page.get_by_role("button", name="Add a camera").click()
    page.get_by_label("Name", exact=True).fill("Back door")
    page.locator("[name=purpose]").fill("door-opening")
    page.locator("[name=address]").fill(address)
    page.get_by_label("User name").fill("viewer")
    page.get_by_label("Password").fill(CANARY)


def test_a_refused_address_says_why_and_keeps_the_form(open_page: OpenPage, site: Site) -> None:
    page = open_page("/cameras", role=Role.OPERATOR)
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    fill(page, "rtsp://127.0.0.1:554/1")
    page.get_by_role("button", name="Add the camera").click()
    expect(page.locator("#camera-form .message p")).not_to_be_empty()
    assert page.get_by_label("Name", exact=True).input_value() == "Back door"
    assert CANARY not in page.content()
    assert site.service.cameras.list() == ()


def test_a_camera_is_added_and_its_password_never_seen_again(open_page: OpenPage, site: Site) -> None:
    page = open_page("/cameras", role=Role.OPERATOR)
    fill(page, "rtsp://192.168.250.250:554/1")
    page.get_by_role("button", name="Add the camera").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Back door")
    expect(row).to_contain_text("with login")
    page.reload()
    expect(row).to_contain_text("rtsp://192.168.250.250")
    assert CANARY not in page.content()


def test_a_camera_is_removed_after_a_question(open_page: OpenPage, site: Site) -> None:
    site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test")
    page = open_page("/cameras", role=Role.OPERATOR)
    page.get_by_role("button", name="Remove Lobby").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Remove Lobby").click()
    page.get_by_role("button", name="Remove the camera").click()
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    assert site.service.cameras.list() == ()


def test_an_auditor_sees_cameras_and_cannot_change_them(open_page: OpenPage, site: Site) -> None:
    site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test")
    page = open_page("/cameras", role=Role.AUDITOR)
    expect(page.locator("tbody tr")).to_contain_text("Lobby")
    assert page.locator("main button").count() == 0


LOGIN = Credentials(username="viewer", password=CANARY)
FINGERPRINT = "0123456789abcdef" * 4
AS_OPENSSL = "sha256 Fingerprint=" + ":".join(FINGERPRINT[at : at + 2] for at in range(0, 64, 2)).upper()


def kept(site: Site, address="rtsps://192.168.1.20:322/1", **settings):
    """A camera that is switched off, so that no worker reports of it: the test plays one."""
    given = {"name": "Lobby", "purpose": "demo", "credentials": LOGIN, "enabled": False} | settings
    return site.service.cameras.add(address=address, actor="cli:test", **given)


def reported(site: Site, camera, **figures):
    health = Health(**({"camera_id": camera.id, "state": CameraState.LIVE} | figures))
    site.service.events.reported(camera.id, health)


def connected(page: Page):
    """A page that hears of health from now on: what came before its table is shown nowhere."""
    expect(page.locator("#connection")).to_have_attribute("data-state", "open")
    expect(page.locator("tbody tr")).to_have_count(1)
    return page


def edited(page: Page, save="Save the changes"):
    page.get_by_role("button", name=save).click()
    expect(page.locator("#camera-form form")).to_have_count(0)


def test_a_cameras_settings_are_changed_and_its_login_stays(open_page: OpenPage, site: Site) -> None:
    camera = kept(site, substream="rtsps://192.168.1.20:322/2", analysed_fps=2.5)
    page = open_page("/cameras", role=Role.OPERATOR)
    page.get_by_role("button", name="Edit Lobby").click()
    form = page.locator("#camera-form form")
    assert form.locator("[name=address]").input_value() == camera.address
    assert form.locator("[name=substream]").input_value() == camera.substream
    assert form.locator("[name=username]").input_value() == ""
    expect(form.locator("[name=rotation]")).to_be_hidden()
    form.get_by_label("Name", exact=True).fill("Hall")
    form.get_by_text("Picture and connection").click()
    form.locator("[name=rotation]").select_option("180")
    form.locator("[name=mirrored]").check()
    form.locator("[name=aspect]").fill("16 : 9")
    form.locator("[name=snapshot_seconds]").fill("2.5")
    form.get_by_label("Time zone").fill("Asia/Tokyo")
    # What somebody else changes meanwhile is not set back.
    site.service.cameras.update(camera.id, actor="user:other", purpose="door-opening")
    edited(page)
    expect(page.locator("tbody tr")).to_contain_text(
        "for door-opening, with login, with substream, rotated 180°, mirrored, Asia/Tokyo"
    )
    changed = site.service.cameras.get(camera.id)
    assert (changed.name, changed.rotation, changed.mirrored, changed.aspect) == ("Hall", 180, True, "16:9")
    assert changed.time_zone == "Asia/Tokyo"
    assert (changed.snapshot_seconds, changed.analysed_fps, changed.purpose) == (2.5, 2.5, "door-opening")
    assert (changed.credentials, changed.substream) == (LOGIN, camera.substream)
    page.get_by_role("button", name="Edit Hall").click()
    expect(form.locator("[name=rotation]")).to_have_value("180")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Edit Hall")).to_be_focused()
    assert CANARY not in page.content()


def test_a_cameras_login_is_changed_and_removed(open_page: OpenPage, site: Site) -> None:
    camera = kept(site)
    page = open_page("/cameras", role=Role.OPERATOR)
    page.get_by_role("button", name="Edit Lobby").click()
    page.get_by_label("Password").fill("another")
    # A password without its user name is not sent.
    page.get_by_role("button", name="Save the changes").click()
    expect(page.locator("[name=username]:invalid")).to_have_count(1)
    page.get_by_label("User name").fill("admin")
    edited(page)
    assert site.service.cameras.get(camera.id).credentials == Credentials(username="admin", password="another")
    page.get_by_role("button", name="Edit Lobby").click()
    page.get_by_label("Remove the login").check()
    edited(page)
    assert site.service.cameras.get(camera.id).credentials is None


def test_a_certificate_is_pinned_and_given_up_with_the_place(open_page: OpenPage, site: Site) -> None:
    page = open_page("/cameras", role=Role.OPERATOR)
    fill(page, "rtsp://192.168.250.250:554/1")
    page.get_by_text("Picture and connection").click()
    expect(page.locator("[name=certificate]")).to_be_hidden()
    page.locator("[name=address]").fill("rtsps://192.168.250.250:322/1")
    page.locator("[name=certificate]").select_option("pinned")
    page.get_by_text("Picture and connection").click()
    page.get_by_role("button", name="Add the camera").click()
    # The fingerprint is missing, and the part it stands in is opened to show that.
    expect(page.locator("[name=fingerprint]")).to_be_visible()
    page.locator("[name=fingerprint]").fill(AS_OPENSSL)
    edited(page, save="Add the camera")
    (camera,) = site.service.cameras.list()
    assert camera.certificate == f"sha256:{FINGERPRINT}"
    expect(page.locator("tbody tr")).not_to_contain_text("Certificate not verified")
    page.get_by_role("button", name="Edit Back door").click()
    expect(page.locator("[name=fingerprint]")).to_have_value(f"sha256:{FINGERPRINT}")
    page.locator("[name=certificate]").select_option("unverified")
    edited(page)
    expect(page.locator("tbody tr")).to_contain_text("Certificate not verified")
    page.get_by_role("button", name="Edit Back door").click()
    page.locator("[name=address]").fill("rtsps://192.168.250.251:322/1")
    page.locator("[name=address]").blur()
    expect(page.locator("[name=certificate]")).to_have_value("verified")
    expect(page.get_by_text("This is another place")).to_be_visible()
    edited(page)
    expect(page.locator("tbody tr")).not_to_contain_text("Certificate not verified")
    moved = site.service.cameras.get(camera.id)
    assert (moved.certificate, moved.credentials) == (None, None)


@pytest.mark.parametrize(
    ("shape", "turned", "rotation"),
    [
        ({}, 180, 180),
        ({"rotation": 270}, 180, 90),
        ({"rotation": 90}, 90, 180),
        ({"rotation": 270, "mirrored": True}, 90, 0),
    ],
)
def test_turned_faces_are_told_and_the_rotation_is_set_by_a_button(
    open_page: OpenPage, site: Site, shape, turned, rotation
) -> None:
    camera = kept(site, **shape)
    page = connected(open_page("/cameras", role=Role.OPERATOR))
    row = page.locator("tbody tr")
    reported(site, camera, turned=None)
    expect(row).to_contain_text("Live")
    expect(row).not_to_contain_text("Faces look turned")
    reported(site, camera, turned=turned)
    expect(row).to_contain_text(f"Faces look turned by {turned}°: set the rotation to {rotation}°")
    page.get_by_role("button", name=f"Set the rotation of Lobby to {rotation}°").click()
    expect(row).to_contain_text("Stopped")
    expect(row).not_to_contain_text("Faces look turned")
    assert site.service.cameras.get(camera.id).rotation == rotation


def test_a_refused_login_says_when_it_is_tried_next_and_lost_packets_are_told(open_page: OpenPage, site: Site) -> None:
    camera = kept(site)
    page = connected(open_page("/cameras", role=Role.OPERATOR, timezone_id="UTC"))
    row = page.locator("tbody tr")
    retry_at = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    reported(site, camera, state=CameraState.RECONNECTING, retry_at=retry_at)
    expect(row).to_contain_text("Login refused. Next try at 09:05")
    error = "The camera refused the login it was given."
    reported(site, camera, state=CameraState.RECONNECTING, retry_at=retry_at, error=error)
    expect(row).to_contain_text(error)
    expect(row).to_contain_text("Next try at 09:05")
    reported(site, camera, received_packets=1000)
    expect(row).not_to_contain_text("Next try")
    expect(row).not_to_contain_text("lost")
    reported(site, camera, received_packets=987, lost_packets=13)
    expect(row).to_contain_text("1.3 % lost")
    reported(site, camera, received_packets=99_999, lost_packets=1)
    expect(row).to_contain_text("less than 0.1 % lost")


def test_an_auditor_sees_warnings_and_gets_no_button(open_page: OpenPage, site: Site) -> None:
    camera = kept(site, certificate="unverified")
    page = connected(open_page("/cameras", role=Role.AUDITOR))
    reported(site, camera, turned=180)
    expect(page.locator("tbody tr")).to_contain_text("Certificate not verified")
    expect(page.locator("tbody tr")).to_contain_text("Faces look turned by 180°: set the rotation to 180°")
    assert page.locator("main button").count() == 0
