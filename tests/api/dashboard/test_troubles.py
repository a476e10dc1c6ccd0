import re
import resource

import pytest
from playwright.sync_api import expect

from api.permission import Role
from matcher.log.entry import EntryKind
from matcher.log.errors import LogUnavailableError
from tests.api.conftest import Site
from tests.api.dashboard.conftest import PASSWORD, OpenPage

PAGES = ("/", "/alerts", "/people", "/cameras", "/log")


def test_every_page_says_that_nothing_is_searched(open_page: OpenPage, site: Site) -> None:
    page = open_page("/")
    expect(page.locator("#troubles")).to_be_empty()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # for SQLite a failing disk
    try:
        with pytest.raises(LogUnavailableError):
            while True:
                site.service.matcher.log.record(EntryKind.FAILURE, {"code": "x" * 20_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for path in PAGES:
        page.goto(path)
        expect(page.locator("#troubles .message")).to_contain_text("The disk failed under the audit log")


def test_a_disk_that_fills_up_is_announced_before_it_is_full(open_page: OpenPage, site: Site) -> None:
    site.service.settings.low_disk_bytes = 2**60
    page = open_page("/log")
    expect(page.locator("#troubles .message")).to_contain_text("nearly full")
    health = site.as_role(None, "GET", "/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert [trouble["code"] for trouble in health.json()["troubles"]] == ["disk_low"]


def test_an_administrator_lets_the_log_go_on_after_a_clock_that_ran_ahead(open_page: OpenPage, site: Site) -> None:
    with site.clock.wrong(days=1095):
        site.service.matcher.log.record(EntryKind.LOGIN, {"action": "refused", "account": None})
    page = open_page("/")
    expect(page).to_have_url(re.compile("/cameras$"))
    expect(page.locator("#emergency")).to_contain_text("shown only what is wrong")
    trouble = page.locator("#troubles .message")
    expect(trouble).to_contain_text("days 23 hours before the audit log's last entry")
    page.goto("/log")
    expect(page.locator("#entries")).to_contain_text("No entries are shown now")
    page.goto("/people")
    expect(page.locator("main")).to_contain_text("needs the log, which cannot be written now")
    page.goto("/log")
    page.get_by_role("button", name="The clock is right now").click()
    page.get_by_role("button", name="Let it go on").click()
    expect(page.locator("#notices")).to_contain_text("The log goes on")
    expect(page.locator("#troubles")).to_be_empty()
    page.reload()
    expect(page.locator("#emergency")).to_have_count(0)
    expect(page.locator("tr.entry", has_text="log resumed")).to_have_count(1)


def test_an_administrator_with_a_duty_sees_what_is_wrong_too(open_page: OpenPage, site: Site) -> None:
    site.service.accounts.create(name="adam", password=PASSWORD, role=Role.ADMINISTRATOR, must_change=True)
    with site.clock.wrong(hours=-1):
        page = open_page("/", role="adam")
        expect(page).to_have_url(re.compile("/cameras$"))
        expect(page.locator("#emergency")).to_contain_text("shown only what is wrong")
        expect(page.locator("#troubles .message")).to_contain_text("before the audit log's last entry")
        expect(page.get_by_role("button", name="The clock is right now")).to_have_count(0)
        page.goto("/log")
        expect(page.locator("#verification")).to_have_attribute("data-state", "good")
        page.goto("/account")
        expect(page.get_by_role("heading", name="Account")).to_be_visible()
        assert "before anything else" not in page.locator("main").inner_text()
    site.service.logins.settle()
    page.reload()
    expect(page.locator("main")).to_contain_text("Change it before anything else.")


def test_others_are_not_offered_to_let_the_log_go_on(open_page: OpenPage, site: Site) -> None:
    page = open_page("/log", role=Role.AUDITOR)
    with site.clock.wrong(hours=-1):
        page.goto("/cameras")
        expect(page.locator("#troubles .message")).to_contain_text("before the audit log's last entry")
        expect(page.get_by_role("button", name="The clock is right now")).to_have_count(0)
