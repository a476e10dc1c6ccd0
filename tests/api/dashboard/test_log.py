from hashlib import sha256

from playwright.sync_api import expect

from api.permission import Role
from matcher.log.entry import EntryKind
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


def test_the_verified_mark_names_size_and_root(open_page: OpenPage, site: Site) -> None:
    page = open_page("/log", role=Role.OPERATOR)
    mark = page.locator("#verification")
    expect(mark).to_have_attribute("data-state", "good")
    report = site.as_role(Role.OPERATOR, "GET", "/log/verification").json()
    expect(mark).to_contain_text(f"Verified: {report['entries']} entries")
    expect(mark).to_contain_text(report["root"])
    # Operators may check the log; what stands in it is for auditors.
    expect(page.locator("#entries")).to_contain_text("closed to your role")


def test_a_broken_log_is_marked_as_broken(open_page: OpenPage) -> None:
    page = open_page("/login", role=Role.AUDITOR)
    report = '{"verified":false,"entries":9,"root":"00","checkpoint":"","verifier_key":"","problems":%s}'
    problems = '[{"index":3,"what":"Its bytes do not give its hash."}]'
    page.route(
        "**/log/verification", lambda route: route.fulfill(body=report % problems, content_type="application/json")
    )
    page.goto("/log")
    mark = page.locator("#verification")
    expect(mark).to_have_attribute("data-state", "bad")
    expect(mark).to_contain_text("Entry #3: Its bytes do not give its hash.")


def test_entries_are_paged_and_filtered(open_page: OpenPage, site: Site) -> None:
    for _ in range(60):
        site.service.matcher.log.record(EntryKind.FAILURE, {"code": "rehearsed"})
    page = open_page("/log", role=Role.AUDITOR)
    rows = page.locator("tr.entry")
    expect(rows).to_have_count(50)
    newest = rows.first.locator(".index").inner_text()
    page.get_by_role("button", name="Older").click()
    expect(rows.first.locator(".index")).not_to_have_text(newest)
    page.get_by_role("button", name="Newer").click()
    expect(rows).to_have_count(50)
    page.get_by_label("Kind").select_option("account")
    expect(rows.first.locator(".chip")).to_have_text("Account")
    assert set(page.locator("tr.entry .chip").all_inner_texts()) == {"Account"}


def test_an_entry_opens_to_all_it_holds_and_to_its_hash(open_page: OpenPage, site: Site) -> None:
    entry = site.service.matcher.log.record(EntryKind.FAILURE, {"code": "rehearsed", "deep": {"er": [1, 2]}})
    page = open_page(f"/log?entry={entry.index}", role=Role.AUDITOR)
    leaf = page.locator(".leaf")
    expect(leaf).to_contain_text("deep.er.0")
    expect(leaf).to_contain_text(sha256(b"\0" + entry.data).hexdigest())
    page.get_by_role("link", name="All entries").click()
    row = page.locator("tr.entry", has_text="rehearsed")
    row.click()
    expect(page.locator(f"#entry-{entry.index} .leaf")).to_be_visible()
    row.click()
    expect(page.locator(f"#entry-{entry.index} .leaf")).to_be_hidden()
