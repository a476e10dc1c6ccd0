import resource

import pytest
from playwright.sync_api import expect

from matcher.audit.entry import EntryKind
from matcher.audit.errors import LogUnavailableError

PAGES = ("/", "/alerts", "/people", "/cameras", "/log")


def test_every_page_says_that_nothing_is_searched(open_page, site):
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


def test_a_disk_that_fills_up_is_announced_before_it_is_full(open_page, site):
    site.service.settings.low_disk_bytes = 2**60
    page = open_page("/log")
    expect(page.locator("#troubles .message")).to_contain_text("nearly full")
    health = site.as_role(None, "GET", "/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert [trouble["code"] for trouble in health.json()["troubles"]] == ["disk_low"]
