import pytest
from playwright.sync_api import expect

from api.permission import Role
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


def test_nobody_is_sent_to_the_login_and_back(open_page: OpenPage) -> None:
    page = open_page("/log?entry=0", role=None)
    expect(page).to_have_title("Log in · Clearglass")
    page.get_by_label("Name").fill("administrator")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/log?entry=0")


def test_a_wrong_password_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("/login", role=None)
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    trouble = page.get_by_role("alert").filter(has_text="do not fit")
    expect(trouble).to_contain_text("try again")
    assert "/login" in page.url


@pytest.mark.parametrize(
    "evil", ["//evil.example/", "javascript:alert(1)", "https://evil.example", "/.//evil.example/x"]
)
def test_another_host_is_no_destination(open_page: OpenPage, site: Site, evil: str) -> None:
    page = open_page(f"/login?next={evil}", role=None)
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    assert page.url.startswith(f"{site.address}/")


def test_a_page_left_open_by_somebody_else_does_nothing_in_the_next_ones_name(open_page: OpenPage, site: Site) -> None:
    page = open_page("/cameras", role=Role.OPERATOR)
    other = page.context.new_page()
    other.goto("/")
    answer = page.context.request.post(
        "/api/v1/sessions", data={"name": "administrator", "password": "correct horse battery staple"}
    )
    assert answer.status == 201
    expect(page.locator(".who")).to_contain_text("operator")
    page.get_by_role("button", name="Log out").click()
    # Made again for the account that is logged in now and was not logged out.
    expect(page.locator(".who")).to_contain_text("administrator")
    assert page.context.request.get("/api/v1/sessions/current").status == 200


def test_logging_in_again_in_another_tab_is_not_met_as_an_error(open_page: OpenPage, site: Site) -> None:
    page = open_page("/cameras", role=Role.OPERATOR)
    write = "import('/static/api.js').then(({ send }) => send('DELETE', '/cameras/none').catch((error) => error.code))"
    assert page.evaluate(write) == "camera_unknown"
    login = {"name": "operator", "password": "correct horse battery staple"}
    assert page.context.request.post("/api/v1/sessions", data=login).status == 201
    assert page.evaluate(write) == "camera_unknown"


def test_logging_out_ends_the_session(open_page: OpenPage) -> None:
    page = open_page("/", role=Role.OPERATOR)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto("/people")
    page.wait_for_url("**/login?next=%2Fpeople")


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        (Role.OPERATOR, ["Live", "Alerts", "People", "Cameras", "Log"]),
        (Role.AUDITOR, ["Alerts", "People", "Cameras", "Log"]),
        (Role.RESEARCHER, ["Log"]),
        (Role.ADMINISTRATOR, ["Live", "Alerts", "People", "Cameras", "Log"]),
    ],
)
def test_each_role_is_shown_the_way_to_its_pages_only(open_page: OpenPage, role: Role, rooms: list[str]) -> None:
    page = open_page("/", role=role)
    assert [name.strip() for name in page.locator(".rooms a span").all_inner_texts()] == rooms
    expect(page.locator(".rooms [aria-current=page]")).to_have_text(rooms[0])


def test_a_page_closed_to_a_role_says_so(open_page: OpenPage) -> None:
    page = open_page("/people", role=Role.RESEARCHER)
    expect(page.get_by_role("heading", name="Not for the role researcher")).to_be_visible()


def test_an_auditor_meets_no_name_and_no_picture(open_page: OpenPage, site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    for path in ("/people", f"/alerts?alert={alert}"):
        page = open_page(path, role=Role.AUDITOR)
        expect(page.get_by_text("Person ").first).to_be_visible()
        page.wait_for_load_state("networkidle") if path == "/people" else page.wait_for_timeout(500)
        assert "Eileen" not in page.content()
        assert page.locator("main img").count() == 0
