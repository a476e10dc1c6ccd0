from playwright.sync_api import expect

from api.permission import Role

CANARY = "canary-%21@:/#"


def fill(page, address):
    page.get_by_role("button", name="Add a camera").click()
    page.get_by_label("Name", exact=True).fill("Back door")
    page.locator("[name=purpose]").fill("door-opening")
    page.locator("[name=address]").fill(address)
    page.get_by_label("User name").fill("viewer")
    page.get_by_label("Password").fill(CANARY)


def test_a_refused_address_says_why_and_keeps_the_form(open_page, site):
    page = open_page("/cameras", role=Role.OPERATOR)
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    fill(page, "rtsp://127.0.0.1:554/1")
    page.get_by_role("button", name="Add the camera").click()
    expect(page.locator("#camera-form .message p")).not_to_be_empty()
    assert page.get_by_label("Name", exact=True).input_value() == "Back door"
    assert CANARY not in page.content()
    assert site.service.cameras.list() == ()


def test_a_camera_is_added_and_its_password_never_seen_again(open_page, site):
    page = open_page("/cameras", role=Role.OPERATOR)
    fill(page, "rtsp://192.168.250.250:554/1")
    page.get_by_role("button", name="Add the camera").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Back door")
    expect(row).to_contain_text("with login")
    page.reload()
    expect(row).to_contain_text("rtsp://192.168.250.250")
    assert CANARY not in page.content()


def test_a_camera_is_removed_after_a_question(open_page, site):
    site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test")
    page = open_page("/cameras", role=Role.OPERATOR)
    page.get_by_role("button", name="Remove Lobby").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Remove Lobby").click()
    page.get_by_role("button", name="Remove the camera").click()
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    assert site.service.cameras.list() == ()


def test_an_auditor_sees_cameras_and_cannot_change_them(open_page, site):
    site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test")
    page = open_page("/cameras", role=Role.AUDITOR)
    expect(page.locator("tbody tr")).to_contain_text("Lobby")
    assert page.locator("main button").count() == 0
