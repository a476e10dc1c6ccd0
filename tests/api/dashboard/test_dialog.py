"""The dialog that asks before something that cannot be undone."""

import pytest
from playwright.sync_api import Page, expect

from api.permission import Role
from tests.api.dashboard.conftest import OpenPage

ASK = """async (typed) => {
  const { confirmed } = await import("/static/dialog.js");
  window.tries = 0;
  const act = () => {
    window.tries += 1;
    return new Promise((resolve, reject) => Object.assign(window, { resolve, reject }));
  };
  window.answer = "none yet";
  confirmed({ title: "Erase it?", text: "It is gone then.", verb: "Erase", act, typed })
    .then((done) => { window.answer = done; });
}"""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    page: Page = open_page("/log", role=Role.OPERATOR)
    return page


def test_what_has_begun_is_not_called_off_by_closing_the_dialog(page: Page) -> None:
    page.evaluate(ASK, None)
    dialog = page.get_by_role("dialog", name="Erase it?")
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
    for _ in range(3):
        page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_visible()
    assert page.evaluate("window.answer") == "none yet"
    page.evaluate("window.resolve()")
    page.wait_for_function("window.answer === true")
    assert page.evaluate("window.tries") == 1


def test_what_failed_keeps_the_dialog_open_with_its_reason_and_can_be_tried_again(page: Page) -> None:
    page.evaluate(ASK, None)
    dialog = page.get_by_role("dialog", name="Erase it?")
    dialog.get_by_role("button", name="Erase").click()
    page.evaluate("window.reject({ message: 'The disk is full.', remedy: 'Make room.' })")
    expect(dialog.get_by_role("alert")).to_contain_text("The disk is full.")
    expect(dialog.get_by_role("alert")).to_contain_text("Make room.")
    dialog.get_by_role("button", name="Erase").click()
    assert page.evaluate("window.tries") == 2
    page.evaluate("window.reject({ message: 'Still full.' })")
    expect(dialog.get_by_role("button", name="Erase")).to_be_enabled()
    page.keyboard.press("Escape")
    page.wait_for_function("window.answer === false")


@pytest.mark.parametrize(
    ("name", "typed", "fits"),
    [
        ("Ada Lovelace", "Ada Lovelace", True),
        ("Ada Lovelace", "ada lovelace", False),
        ("Ada Lovelace", "Ada", False),
        ("Zoë\u00a0Ann", " Zoe\u0308  Ann ", True),
        ("सू\u200dर्य", "सूर्य", True),
        ("山田\u3000太郎", "山田 太郎", True),
    ],
)
def test_a_name_is_typed_as_a_keyboard_writes_it(page: Page, name: str, typed: str, fits: bool) -> None:
    page.evaluate(ASK, name)
    dialog = page.get_by_role("dialog", name="Erase it?")
    go = dialog.get_by_role("button", name="Erase")
    expect(go).to_be_disabled()
    dialog.get_by_role("textbox").fill(typed)
    expect(go).to_be_enabled(enabled=fits)
