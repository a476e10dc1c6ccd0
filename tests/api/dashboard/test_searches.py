import pytest
from playwright.sync_api import expect

from api.permission import Role
from matcher.probe.probe import Query
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def searched(site: Site, astronaut_jpeg: bytes):
    """The check of an enrolment; six searches that found somebody, the first with a case; one of another purpose."""
    site.enrol(astronaut_jpeg)
    for number in range(7):
        data = {"purpose": "other" if number == 6 else "demo"} | ({"case_reference": "2026-1"} if number == 0 else {})
        files = {"file": ("x.jpg", astronaut_jpeg)}
        answer = site.as_role(Role.OPERATOR, "POST", "/identifications", data=data, files=files)
        assert answer.status_code == 201, answer.text
    return site


def test_an_auditor_sees_who_searched_and_asks_for_less(open_page: OpenPage, searched) -> None:
    page = open_page("/log", role=Role.AUDITOR)
    page.get_by_role("link", name="Searches").click()
    rows = page.locator("#searches tbody tr")
    expect(rows).to_have_count(8)
    expect(rows.first).to_contain_text("Nobody in scope")
    expect(page.locator("#unusual")).to_contain_text("Searches by people that name no case.")
    expect(page.locator("#unusual")).to_contain_text("searched again and again")
    page.get_by_label("Case").select_option("named")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("2026-1")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text().count("\n") == 2, "what was asked for, and its head"
    rows.first.get_by_role("link").click()
    expect(page.locator(".leaf")).to_contain_text("2026-1")


def test_a_sample_names_the_seed_that_draws_it_again(open_page: OpenPage, searched) -> None:
    page = open_page("/log/searches", role=Role.AUDITOR)
    expect(page.locator("#searches tbody tr")).to_have_count(8)
    page.get_by_label("For").fill("demo")
    page.get_by_role("button", name="draw twenty").click()
    expect(page.locator("#searches tbody tr")).to_have_count(6)
    expect(page.locator("#seed")).to_contain_text("Drawn with the seed")


def test_it_is_closed_to_operators(open_page: OpenPage, site: Site) -> None:
    page = open_page("/log/searches", role=Role.OPERATOR)
    expect(page.locator("#searches")).to_have_count(0)


def test_cameras_are_named_and_asked_for_by_their_names(open_page: OpenPage, searched, astronaut_jpeg: bytes) -> None:
    cameras = searched.service.cameras
    hall, lobby = (
        cameras.add(name=name, address="rtsp://192.168.1.20/1", purpose="demo", actor="cli:test").id
        for name in ("Hall", "Lobby")
    )
    matcher = searched.service.matcher
    probe = matcher.probe(astronaut_jpeg)
    for camera in (hall, lobby):
        query = Query(actor=f"camera:{camera}", role="camera", camera=camera, purpose="demo")
        matcher.identifier.identify(probe, query)
    page = open_page("/log/searches", role=Role.AUDITOR)
    rows = page.locator("#searches tbody tr")
    expect(rows).to_have_count(10)
    expect(rows.first.locator("[data-label=By]")).to_contain_text("Lobby")
    expect(rows.first.locator("[data-label=Where]")).to_have_text("Lobby")
    expect(rows.first).not_to_contain_text(lobby)
    page.get_by_label("Camera").fill("Hall")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    expect(rows.locator("[data-label=Where]")).to_have_text("Hall")
    page.goto("/log")
    expect(page.locator("tr.entry", has_text="identify by camera:Lobby for demo")).to_have_count(1)
    # The search for another purpose, and the check at the first enrolment.
    expect(page.locator("tr.entry", has_text="nobody was in scope")).to_have_count(2)
