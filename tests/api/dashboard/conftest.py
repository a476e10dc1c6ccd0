"""Real pages of a real service in a real Chromium."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from api.permission import Role
from tests.api.conftest import Site

PASSWORD = "correct horse battery staple"
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens a page in a browser context of its own, logged in as a role, or by a name.

    Fails on any error of a script or the CSP.
    """
    with _pages(browser, site) as opened:
        yield opened


@contextmanager
def _pages(browser: Browser, site: Site) -> Iterator[OpenPage]:
    contexts = []
    troubles: list[str] = []

    def note_policy(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            troubles.append(message.text)

    def opened(path: str, role: str | None = Role.ADMINISTRATOR, **options: Any) -> Page:
        context = browser.new_context(base_url=site.address, **({"viewport": WIDE} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", note_policy)
        if role is not None:
            # The context's own requests share its cookies, so this is the login form's request without the form.
            answer = context.request.post("/api/v1/sessions", data={"name": str(role), "password": PASSWORD})
            assert answer.status == 201, answer.text()
        page.goto(path)
        return page

    expect.set_options(timeout=8_000)
    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
