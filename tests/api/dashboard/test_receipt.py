import pytest
from playwright.sync_api import Page, expect

from api.permission import Role
from matcher.audit.receipt import Receipt
from matcher.log.stored_publication import StoredPublication
from matcher.tlog.note import Signer
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def receipt(site: Site):
    """The receipt of entry 5 among some more."""
    for number in range(9):
        site.service.accounts.issue_token(site.accounts[Role.AUDITOR], name=str(number), actor="cli:test")
    return Receipt.issue(StoredPublication(site.service.matcher.database), 5)


def check(page: Page, text, key):
    file = {"name": "one.tlog-proof", "mimeType": "text/plain", "buffer": text.encode()}
    page.get_by_label("Receipt", exact=True).set_input_files(file)
    page.get_by_label("The log's public key").fill(key)
    page.get_by_role("button", name="Check").click()
    return page.locator("#result")


def test_anybody_checks_a_receipt_without_a_network(open_page: OpenPage, site: Site, receipt) -> None:
    page = open_page("/receipt", role=None)
    page.context.set_offline(True)
    key = site.service.matcher.log.verifier_key
    result = check(page, receipt.text, key)
    expect(result).to_contain_text("The entry stands in the log.")
    expect(result).to_contain_text(f"Entry 5 of {site.service.matcher.log.size()}")
    expect(result).to_contain_text(site.service.matcher.log.entry(5).body["account"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("index 5", "index 4"), "does not lead to the root"),
        (lambda text: text.replace("index 5", "index 500"), "beyond the log's end"),
        (lambda text: "other " + text, "no receipt"),
        (lambda text: text.replace("extra ", "extra =="), "not base64"),
        (lambda text: text[:-20] + "A" * 8 + text[-12:], "not by this key"),
        (lambda text: text.replace("\nclearglass/", "\nclearglass-/"), "not by this key"),
    ],
)
def test_what_was_changed_is_not_believed(open_page: OpenPage, site: Site, receipt, change, said) -> None:
    page = open_page("/receipt", role=None)
    expect(check(page, change(receipt.text), site.service.matcher.log.verifier_key)).to_contain_text(said)


def test_another_key_or_none(open_page: OpenPage, receipt) -> None:
    page = open_page("/receipt", role=None)
    expect(check(page, receipt.text, str(Signer.generate("other").verifier))).to_contain_text("has not signed")
    expect(check(page, receipt.text, "rubbish")).to_contain_text("no log's public key")
    mistyped = str(Signer.generate("other").verifier)[:-4] + "AAAA"
    expect(check(page, receipt.text, mistyped)).to_contain_text("does not fit the key")
