from pathlib import Path

from playwright.sync_api import expect

from api.permission import Role
from ingest.rehearsal.film.film import Film
from matcher.picture.pixel_array import Image
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


def film(path: str, picture):
    with Film(path, width=512, height=512, fps=10) as made:
        for _ in range(15):
            made.add(picture)
    return str(path)


def test_a_camera_is_checked_from_its_row_and_told_what_was_found(
    open_page: OpenPage, site: Site, tmp_path: Path, astronaut: Image
) -> None:
    address = film(tmp_path / "lobby.mp4", astronaut)
    camera = site.service.cameras.add(
        name="Lobby", address=address, purpose="demo", actor="cli:test", enabled=False, local=True
    )
    page = open_page("/cameras", role=Role.OPERATOR)
    page.get_by_role("link", name="Check").click()
    expect(page).to_have_url(f"{site.address}/cameras/{camera.id}/check")
    expect(page.get_by_role("heading", name="Check of Lobby")).to_be_visible()
    expect(page.get_by_role("heading", name="Not checked yet")).to_be_visible()
    page.get_by_role("button", name="Check this camera").click()
    # However long a busy machine takes: the film ends the check.
    expect(page.locator("tr[data-finding]")).to_have_count(11, timeout=120_000)
    expect(page.locator("tr[data-finding=eye_distance]")).to_contain_text("at least")
    expect(page.locator("tr[data-finding=faces_seen]")).to_contain_text("Cannot tell")
    expect(page.locator("tr[data-finding=loss]")).to_contain_text("0 %")
    for what in ("upright", "shape"):
        expect(page.locator(f"tr[data-finding={what}] td").first).to_have_text(what)
    expect(page.locator("#check .message").first).to_contain_text("Not enough was seen")
    expect(page.get_by_role("button", name="Check this camera")).to_be_enabled()


def test_an_auditor_reads_a_check_and_begins_none(open_page: OpenPage, site: Site) -> None:
    camera = site.service.cameras.add(
        name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="demo", actor="cli:test", enabled=False
    )
    page = open_page(f"/cameras/{camera.id}/check", role=Role.AUDITOR)
    expect(page.get_by_role("heading", name="Not checked yet")).to_be_visible()
    assert page.locator("main button").count() == 0
