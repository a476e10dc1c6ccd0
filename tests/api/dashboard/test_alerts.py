import pytest
from playwright.sync_api import expect

from api.permission import Role
from matcher.alerts.alert import AlertStatus
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def alert(site: Site, astronaut_jpeg: bytes):
    site.enrol(astronaut_jpeg)
    return site.alert(astronaut_jpeg)


def status(site: Site, alert):
    return site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["status"]


def test_both_pictures_stand_side_by_side_with_what_the_figure_means(open_page: OpenPage, site: Site, alert) -> None:
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
    expect(measure).to_contain_text(point.evidence.dataset)
    assert "%" not in measure.inner_text().replace("95 % interval", "")


def test_two_people_confirm_by_keyboard_each_without_the_other(open_page: OpenPage, site: Site, alert) -> None:
    first = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    expect(first.locator("[data-verdict=confirm]")).to_be_enabled()
    first.keyboard.press("c")
    expect(first.get_by_role("heading", name="Waiting for a second reviewer")).to_be_visible()
    assert status(site, alert) == "awaiting_second"
    expect(first.locator("#to-review")).to_be_hidden()

    second = open_page(f"/alerts?alert={alert}", role=site.colleague())
    expect(second.locator("[data-verdict=confirm]")).to_be_enabled()
    assert "reviewer" not in second.locator(".case").inner_text().lower()
    second.keyboard.press("c")
    expect(second.get_by_role("heading", name="Confirmed by two people")).to_be_visible()
    expect(second.locator(".reviews li")).to_have_count(2)
    expect(second.locator(".reviews")).to_contain_text("by operator")
    assert status(site, alert) == "confirmed"
    # The first reviewer's page learns of it by itself.
    expect(first.get_by_role("heading", name="Confirmed by two people")).to_be_visible()
    second.get_by_role("tab", name="Confirmed").click()
    expect(second.locator(f"#queue [data-alert='{alert}']")).to_be_visible()


def test_one_rejection_is_enough_and_its_note_is_kept(open_page: OpenPage, site: Site, alert) -> None:
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    page.get_by_label("Note").fill("cr: other ears")  # letters typed into a field are no verdicts
    assert status(site, alert) == "open"
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="Rejected")).to_be_visible()
    expect(page.locator(".reviews")).to_contain_text("cr: other ears")
    assert status(site, alert) == "rejected"


def test_no_verdict_before_both_pictures_are_there(open_page: OpenPage, site: Site, alert) -> None:
    held = []
    page = open_page("/alerts", role=Role.OPERATOR)
    expect(page.locator("#queue li")).to_have_count(1)
    page.route("**/probe.jpg", lambda route: held.append(route))  # noqa: PLW0108 - Playwright cannot take a built-in
    page.locator("#queue a").click()
    confirm = page.locator("[data-verdict=confirm]")
    expect(confirm).to_be_disabled()
    page.keyboard.press("c")
    page.wait_for_timeout(300)
    assert status(site, alert) == "open"
    for route in held:
        route.continue_()
    expect(confirm).to_be_enabled()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Waiting for a second reviewer")).to_be_visible()


def test_an_alert_about_somebody_who_withdrew_can_only_be_rejected(open_page: OpenPage, site: Site, alert) -> None:
    subject = site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["subject_id"]
    assert site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}").status_code == 204
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    expect(page.locator(".case .message")).to_contain_text("withdrawn")
    page.keyboard.press("c")
    expect(page.locator("[data-verdict=confirm]")).to_be_disabled()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="Rejected")).to_be_visible()


def test_an_answer_that_comes_late_is_thrown_away(open_page: OpenPage, site: Site, alert) -> None:
    held = []
    page = open_page("/alerts", role=Role.OPERATOR)
    expect(page.locator("#queue li")).to_have_count(1)
    page.route("**/alerts?*status=confirmed*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright cannot take a built-in
    page.get_by_role("tab", name="Confirmed").click()
    page.get_by_role("tab", name="To review").click()
    expect(page.locator(f"#queue [data-alert='{alert}']")).to_be_visible()
    held[0].continue_()
    page.wait_for_timeout(500)
    expect(page.locator(f"#queue [data-alert='{alert}']")).to_be_visible()


def test_cards_stay_when_the_queue_is_drawn_again(
    open_page: OpenPage, site: Site, alert, astronaut_jpeg: bytes
) -> None:
    page = open_page("/alerts", role=Role.OPERATOR)
    page.locator(f"#queue [data-alert='{alert}']").evaluate("node => { node.canary = true; }")
    expect(page.locator("#connection")).to_have_attribute("data-state", "open")
    site.alert(astronaut_jpeg)
    expect(page.locator("#queue li")).to_have_count(2)
    assert page.locator(f"#queue [data-alert='{alert}']").evaluate("node => node.canary") is True


def test_administrators_read_alerts_and_review_none(open_page: OpenPage, alert) -> None:
    page = open_page(f"/alerts?alert={alert}", role=Role.ADMINISTRATOR)
    expect(page.locator(".case .message")).to_contain_text("does not review")
    expect(page.locator(".verdict")).to_have_count(0)


def test_a_queue_is_worked_through_without_the_mouse(
    open_page: OpenPage, site: Site, alert, astronaut_jpeg: bytes
) -> None:
    later = site.alert(astronaut_jpeg)
    page = open_page("/alerts", role=Role.OPERATOR)
    expect(page.get_by_role("heading", name="Choose an alert")).to_be_visible()
    expect(page.locator("#queue li")).to_have_count(2)
    page.keyboard.press("j")
    page.wait_for_url(f"**/alerts?alert={later}")
    expect(page.get_by_role("button", name="Reject")).to_be_enabled()
    page.keyboard.press("r")
    page.wait_for_url(f"**/alerts?alert={alert}")
    # A key that comes before the next pair is on the desk is no verdict on it.
    expect(page.get_by_role("button", name="Reject")).to_be_enabled()
    page.keyboard.press("r")
    expect(page.locator("#queue")).to_contain_text("Nothing to review")
    assert [status(site, one) for one in (later, alert)] == ["rejected", "rejected"]


def test_the_log_entry_of_the_search_is_one_click_away(open_page: OpenPage, site: Site, alert) -> None:
    page = open_page(f"/alerts?alert={alert}", role=Role.ADMINISTRATOR)
    index = site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["request_index"]
    page.get_by_role("link", name=f"#{index}", exact=True).click()
    page.wait_for_url(f"**/log?entry={index}")
    expect(page.locator(".leaf")).to_contain_text("camera:lobby")


def test_an_unknown_alert_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("/alerts?alert=nobody", role=Role.OPERATOR)
    expect(page.locator(".case .message")).to_be_visible()
    assert page.locator(".case .message p").inner_text()


def test_every_one_of_91_alerts_can_be_reached_and_is_counted(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    site.enrol(astronaut_jpeg)
    ids = site.alerts(astronaut_jpeg, 91)
    page = open_page("/alerts", role=Role.OPERATOR)
    expect(page.locator("#to-review")).to_have_text("91")
    expect(page).to_have_title("(91) Alerts · Clearglass")
    expect(page.get_by_role("tab", name="To review (91)")).to_be_visible()
    expect(page.locator("#queue li")).to_have_count(50)
    page.get_by_role("button", name="Show older (41 more are there)").click()
    expect(page.locator("#queue li")).to_have_count(91)
    expect(page.locator("#older")).to_be_hidden()
    # A review far down the queue leaves the reader where they are.
    page.locator(f"#queue [data-alert='{ids[1]}'] a").click()
    expect(page.locator("[data-verdict=confirm]")).to_be_enabled()
    page.keyboard.press("r")
    page.wait_for_url(f"**/alerts?alert={ids[0]}")
    expect(page.locator("#queue li")).to_have_count(90)
    expect(page.locator("#to-review")).to_have_text("90")
    expect(page.locator("[data-verdict=confirm]")).to_be_enabled()
    page.keyboard.press("c")
    expect(page.locator("#to-review")).to_have_text("89")
    expect(page.locator("#queue li").last).to_contain_text("2nd reviewer")
    other = open_page("/alerts", role=site.colleague())
    expect(other.locator("#to-review")).to_have_text("90")


def test_the_next_page_comes_by_itself_where_the_keyboard_reaches_its_end(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    site.enrol(astronaut_jpeg)
    ids = site.alerts(astronaut_jpeg, 51)
    page = open_page(f"/alerts?alert={ids[1]}", role=Role.OPERATOR)
    expect(page.locator("#queue li")).to_have_count(50)
    page.keyboard.press("j")
    page.wait_for_url(f"**/alerts?alert={ids[0]}")
    expect(page.locator("#queue li")).to_have_count(51)


def test_the_notice_of_a_first_yes_says_so_and_covers_no_field(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    site.enrol(astronaut_jpeg)
    first, *_ = site.alerts(astronaut_jpeg, 5)
    page = open_page("/alerts", role=Role.OPERATOR, viewport={"width": 1280, "height": 800})
    expect(page.locator("#queue li")).to_have_count(5)
    page.keyboard.press("j")
    for _ in range(4):
        expect(page.locator("[data-verdict=confirm]")).to_be_enabled()
        at = page.url
        page.keyboard.press("c")
        page.wait_for_function("at => location.href !== at", arg=at)
    page.wait_for_url(f"**/alerts?alert={first}")
    notices = page.locator("#notices")
    expect(notices.locator(".message").last).to_contain_text("Your yes is recorded; a second person decides.")
    expect(page.locator("[data-verdict=confirm]")).to_be_enabled()
    field, notice = page.locator(".verdict [name=note]").bounding_box(), notices.bounding_box()
    assert field["y"] + field["height"] <= notice["y"] or field["x"] + field["width"] <= notice["x"]
    # The one who makes it two is told so.
    confirmed = site.service.matcher.alerts.alerts(AlertStatus.AWAITING_SECOND)[0].id
    second = open_page(f"/alerts?alert={confirmed}", role=site.colleague())
    expect(second.locator("[data-verdict=confirm]")).to_be_enabled()
    second.keyboard.press("c")
    expect(second.locator("#notices")).to_contain_text("Confirmed: a second person has said yes.")
