"""The page Account, and the login of somebody with a second factor."""

import cv2
import numpy as np
import pyotp
from playwright.sync_api import Page, expect

from api.permission import Role
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage

PASSWORD = "correct horse battery staple"
NEW = "seven green lanterns at noon"
NARROW = {"width": 390, "height": 844}


def _change(page: Page, present, new, again=None):
    page.get_by_label("Present password").first.fill(present)
    page.get_by_label("New password", exact=False).first.fill(new)
    page.get_by_label("New password again").fill(again or new)
    page.get_by_role("button", name="Change the password").click()


def _log_in(page: Page, password, name="operator"):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def _set_up(page: Page):
    """Begins to set a device up; the codes that it then shows."""
    form = page.get_by_role("form", name="Set up a device")
    form.get_by_label("Present password").fill(PASSWORD)
    form.get_by_role("button").click()
    return pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))


def test_the_name_leads_to_the_account_also_on_a_narrow_screen(open_page: OpenPage) -> None:
    for viewport in ({"width": 1440, "height": 900}, NARROW):
        page = open_page("/log", role=Role.RESEARCHER, viewport=viewport)
        page.get_by_role("link", name="Account of researcher").click()
        page.wait_for_url("**/account")
        expect(page.get_by_role("heading", name="Account")).to_be_visible()
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_a_password_is_changed_on_the_page(open_page: OpenPage) -> None:
    page = open_page("/account", role=Role.OPERATOR)
    trouble = page.locator("#password").get_by_role("alert")
    _change(page, PASSWORD, NEW, NEW + "!")
    expect(trouble).to_contain_text("The two new passwords differ.")
    _change(page, "wrong", NEW)
    expect(trouble).to_contain_text("The present password is wrong.")
    _change(page, PASSWORD, "operator operator")
    expect(trouble).to_contain_text("name")
    _change(page, PASSWORD, NEW)
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    _log_in(page, NEW)
    page.wait_for_url(lambda url: "/login" not in url)


def test_one_that_somebody_else_set_is_changed_before_anything_else(open_page: OpenPage, site: Site) -> None:
    site.service.accounts.set_password(site.accounts[Role.OPERATOR], NEW, actor="cli:test")
    page = open_page("/login?next=%2Fpeople", role=None)
    _log_in(page, NEW)
    page.wait_for_url("**/account")
    expect(page.get_by_text("Somebody else set this password.")).to_be_visible()
    expect(page.get_by_role("heading", name="Second factor")).to_have_count(0)
    assert page.locator(".rooms a").count() == 0
    page.goto("/cameras")
    page.wait_for_url("**/account")
    _change(page, NEW, "nobody else knows this one")
    page.wait_for_url(lambda url: "/account" not in url)
    expect(page.locator(".rooms a").first).to_be_visible()


def test_a_second_factor_is_set_up_by_its_picture_and_asked_for_at_the_login(open_page: OpenPage, site: Site) -> None:
    page = open_page("/account", role=Role.OPERATOR)
    totp = _set_up(page)
    picture = cv2.imdecode(np.frombuffer(page.locator(".qr").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(picture)
    assert text == totp.provisioning_uri(name="operator", issuer_name="Clearglass")
    form = page.get_by_role("form", name="Confirm the device")
    form.get_by_role("textbox", name="Code").fill("000000")
    form.get_by_role("button", name="Confirm").click()
    expect(form.get_by_role("alert")).to_contain_text("does not belong to the secret")
    form.get_by_role("textbox", name="Code").fill(totp.now())
    form.get_by_role("button", name="Confirm").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    expect(page.get_by_label("Code")).to_be_hidden()
    _log_in(page, PASSWORD)
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    page.get_by_role("textbox", name="Code").fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/account")
    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()


def test_a_role_that_must_have_one_sets_it_up_before_anything_else(open_page: OpenPage, site: Site) -> None:
    site.service.settings.second_factor_roles = frozenset({Role.OPERATOR})
    page = open_page("/people", role=Role.OPERATOR)
    page.wait_for_url("**/account")
    expect(page.get_by_text("The role operator must have a second factor.")).to_be_visible()
    totp = _set_up(page)
    page.get_by_role("form", name="Confirm the device").get_by_role("textbox", name="Code").fill(totp.now())
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I have kept them").click()
    page.wait_for_url(lambda url: "/account" not in url)
    expect(page.locator(".rooms a").first).to_be_visible()


def test_a_page_reports_that_a_person_is_there_at_most_once_a_minute(open_page: OpenPage) -> None:
    page = open_page("/log", role=Role.OPERATOR)
    page.clock.install()
    page.goto("/log")
    told = []
    page.on("request", lambda request: request.url.endswith("/sessions/current/use") and told.append(request))
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.up()
    page.clock.run_for(30_000)
    page.keyboard.press("Shift")
    assert told == []
    page.clock.run_for(31_000)
    assert told == []  # nothing without a person
    with page.expect_response("**/sessions/current/use") as answered:
        page.keyboard.press("Shift")
    assert answered.value.status == 204
    page.keyboard.press("Shift")
    page.wait_for_timeout(200)
    assert len(told) == 1


def test_the_auditors_page_shows_the_session_of_a_search(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    with site.logged_in("operator") as client:
        files = {"file": ("a.jpg", astronaut_jpeg)}
        assert client.post("/identifications", data={"purpose": "demo"}, files=files).status_code == 201
    via = site.as_role(Role.AUDITOR, "GET", "/log/searches").json()["searches"][0]["via"]
    page = open_page("/log/searches", role=Role.AUDITOR)
    expect(page.get_by_text(f"operator, session:{via.removeprefix('session:')[:8]}")).to_be_visible()
