"""The browser itself never sends a form: until its script listens, Enter does nothing."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from api.permission import Role
from tests.api.conftest import Site
from tests.api.dashboard.conftest import PASSWORD, OpenPage


class Held:
    """A page's module that does not come before it is let go."""

    def __init__(self, page: Page, module: str) -> None:
        self._routes: list[Route] = []
        self._released = False
        page.route(f"**/static/{module}", self._take)

    def _take(self, route: Route) -> None:
        if self._released:
            route.continue_()
        else:
            self._routes.append(route)

    def let_go(self) -> None:
        """Now it comes."""
        self._released = True
        for route in self._routes:
            route.continue_()


def _open_held(page: Page, path: str, module: str) -> Held:
    """Opens a page without its module. The page's load waits for it, so only its form is waited for."""
    held = Held(page, module)
    page.goto(path, wait_until="commit")
    page.locator("form").first.wait_for()
    return held


def _press_enter(page: Page) -> list[str]:
    """Presses Enter in the first form's first field; the addresses that the page asks for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.locator("form").first.locator("input:not([readonly]):not([type=file])").first.press("Enter")
    page.wait_for_timeout(300)
    return asked


def test_a_login_sent_before_the_page_is_ready_is_not_sent_and_after_it_is(open_page: OpenPage) -> None:
    page = open_page("/login", role=None)
    held = _open_held(page, "/login?next=/log", "login.js")
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill(PASSWORD)
    expect(page.get_by_role("button", name="Log in")).to_be_disabled()
    before = page.url
    assert _press_enter(page) == []
    assert page.url == before
    held.let_go()
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**/log")


@pytest.mark.parametrize(
    ("path", "module", "fill"),
    [
        ("/account", "account.js", True),
        ("/people/enrol", "enrol.js", True),
        ("/log", "log.js", False),
        ("/log/searches", "searches.js", False),
        ("/receipt", "receipt.js", True),
        ("/cameras/{camera}/check", "camera_check.js", False),
    ],
)
def test_no_form_is_sent_before_the_page_is_ready(
    open_page: OpenPage, site: Site, path: str, module: str, fill: bool
) -> None:
    camera = site.service.cameras.add(
        name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:t", enabled=False
    )
    page = open_page("/log", role=Role.ADMINISTRATOR)
    held = _open_held(page, path.format(camera=camera.id), module)
    form = page.locator("form").first
    for field in form.locator("input:not([readonly]):not([type=file])").all() if fill else []:
        field.fill("correct horse battery")
    if path == "/receipt":
        receipt = FilePayload(name="receipt.tlog-proof", mimeType="text/plain", buffer=b"none")
        form.locator("input[type=file]").set_input_files([receipt])
    before = page.url
    assert _press_enter(page) == []
    assert page.url == before
    button = form.locator("[type=submit]")
    assert not button.is_enabled()
    held.let_go()
    expect(button).to_be_enabled()
    assert not urlsplit(page.url).query


def test_an_entry_is_asked_for_by_enter_once_the_page_is_ready(open_page: OpenPage) -> None:
    page = open_page("/log")
    page.get_by_label("Entry", exact=True).fill("0")
    page.get_by_label("Entry", exact=True).press("Enter")
    page.wait_for_url("**/log?entry=0")
    expect(page.locator("tr.entry")).to_have_count(1)


@pytest.mark.slow
def test_the_browser_is_told_to_send_no_form(site: Site) -> None:
    policy = site.as_role(None, "GET", f"{site.address}/login").headers["content-security-policy"]
    assert "form-action 'none'" in policy


def test_without_scripts_a_page_says_that_it_needs_them(browser: Any, site: Site) -> None:
    context = browser.new_context(base_url=site.address, java_script_enabled=False)
    try:
        page = context.new_page()
        for path in ("/login", "/receipt"):
            page.goto(path)
            notice = page.locator("noscript .message")  # Playwright looks for no text in there
            expect(notice).to_be_visible()
            assert "This page needs JavaScript." in notice.inner_text()
            expect(page.locator("form [type=submit]")).to_be_disabled()
    finally:
        context.close()
