import pytest
from playwright.sync_api import expect

from api.permission import Role


@pytest.fixture
def alert(site, astronaut_jpeg):
    site.enrol(astronaut_jpeg)
    return site.alert(astronaut_jpeg)


def status(site, alert):
    return site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["status"]


def test_both_pictures_stand_side_by_side_with_what_the_figure_means(open_page, site, alert):
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    pictures = page.locator(".comparison img")
    expect(pictures).to_have_count(2)
    for at in range(2):
        page.wait_for_function("at => document.querySelectorAll('.comparison img')[at].naturalWidth > 0", arg=at)
    left, right = pictures.nth(0).bounding_box(), pictures.nth(1).bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    point = site.service.matcher.identifier.operating_point
    measure = page.locator(".measure")
    expect(measure).to_contain_text(point.name)
    expect(measure).to_contain_text(f"threshold {point.threshold:.3f}")
    expect(measure).to_contain_text(point.dataset)
    assert "%" not in measure.inner_text().replace("95 % interval", "")


def test_two_people_confirm_by_keyboard_each_without_the_other(open_page, site, alert):
    first = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    expect(first.locator(".verdict")).to_be_visible()
    first.keyboard.press("c")
    expect(first.get_by_role("heading", name="Waiting for a second reviewer")).to_be_visible()
    assert status(site, alert) == "awaiting_second"
    expect(first.locator("#to-review")).to_be_hidden()

    second = open_page(f"/alerts?alert={alert}", role=Role.ADMINISTRATOR)
    expect(second.locator(".verdict")).to_be_visible()
    assert "reviewer" not in second.locator(".case").inner_text().lower()
    second.keyboard.press("c")
    expect(second.get_by_role("heading", name="Confirmed by two people")).to_be_visible()
    expect(second.locator(".reviews li")).to_have_count(2)
    assert status(site, alert) == "confirmed"
    # The first reviewer's page learns of it by itself.
    expect(first.get_by_role("heading", name="Confirmed by two people")).to_be_visible()
    second.get_by_role("tab", name="Confirmed").click()
    expect(second.locator(f"#queue [data-alert='{alert}']")).to_be_visible()


def test_one_rejection_is_enough_and_its_note_is_kept(open_page, site, alert):
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    page.get_by_label("Note").fill("cr: other ears")  # letters typed into a field are no verdicts
    assert status(site, alert) == "open"
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="Rejected")).to_be_visible()
    expect(page.locator(".reviews")).to_contain_text("cr: other ears")
    assert status(site, alert) == "rejected"


def test_a_queue_is_worked_through_without_the_mouse(open_page, site, alert, astronaut_jpeg):
    later = site.alert(astronaut_jpeg)
    page = open_page("/alerts", role=Role.OPERATOR)
    expect(page.get_by_role("heading", name="Choose an alert")).to_be_visible()
    expect(page.locator("#queue li")).to_have_count(2)
    page.keyboard.press("j")
    page.wait_for_url(f"**/alerts?alert={later}")
    expect(page.locator(".verdict")).to_be_visible()
    page.keyboard.press("r")
    page.wait_for_url(f"**/alerts?alert={alert}")
    # A key that comes before the next pair is on the desk is no verdict on it.
    expect(page.get_by_role("button", name="Reject")).to_be_enabled()
    page.keyboard.press("r")
    expect(page.locator("#queue")).to_contain_text("Nothing to review")
    assert [status(site, one) for one in (later, alert)] == ["rejected", "rejected"]


def test_the_log_entry_of_the_search_is_one_click_away(open_page, site, alert):
    page = open_page(f"/alerts?alert={alert}", role=Role.ADMINISTRATOR)
    index = site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["request_index"]
    page.get_by_role("link", name=f"#{index}", exact=True).click()
    page.wait_for_url(f"**/log?entry={index}")
    expect(page.locator(".leaf")).to_contain_text("camera:lobby")


def test_an_unknown_alert_says_what_to_do(open_page):
    page = open_page("/alerts?alert=nobody", role=Role.OPERATOR)
    expect(page.locator(".case .message")).to_be_visible()
    assert page.locator(".case .message p").inner_text()
