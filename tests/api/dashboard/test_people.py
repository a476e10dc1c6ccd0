from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.permission import Role
from matcher.picture.pixel_array import Image
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def files(tmp_path: Path, astronaut_jpeg: bytes) -> tuple[Path, Path, Path]:
    """A good picture, one without a face, and a signed consent."""
    import numpy as np

    from matcher.recognition.image import encode_jpeg

    good, blank, proof = tmp_path / "portrait.jpg", tmp_path / "wall.jpg", tmp_path / "consent.txt"
    good.write_bytes(astronaut_jpeg)
    blank.write_bytes(encode_jpeg(np.full((200, 200, 3), 128, np.uint8)))
    proof.write_bytes(b"I agree.")
    return good, blank, proof


def fill(page: Page, files, pictures):
    page.get_by_label("Name").fill("Eileen Collins")
    page.locator("#pictures").set_input_files(pictures)
    page.get_by_label("Purpose").fill("door-opening")
    page.get_by_label("Signed consent").set_input_files(files[2])


def choose(page: Page, face):
    page.get_by_role("button", name="Choose the face").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("canvas")).to_be_visible()
    dialog.get_by_label(f"Face {face}").check()
    dialog.get_by_role("button", name="Use this face").click()


def test_enrolling_tells_the_reason_for_every_picture_refused(open_page: OpenPage, site: Site, files) -> None:
    page = open_page("/people/enrol", role=Role.OPERATOR)
    fill(page, files, list(files[:2]))
    expect(page.locator("#strip li")).to_have_count(2)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("enrolled with 1 picture")
    expect(page.locator("#strip li.refused")).to_contain_text("No face")
    page.get_by_role("link", name="Open Eileen Collins").click()
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()
    expect(page.locator("#person")).to_contain_text("door-opening")
    # No camera searches for this purpose: the consent holds, and nobody is found by it.
    expect(page.locator("#person .chip").first).to_have_text("Not searched for")
    expect(page.locator("#person .message")).to_contain_text("No camera searches for “door-opening”")
    page.goto("/people")
    expect(page.locator("tbody .chip")).to_have_text("Not searched for")
    expect(page.locator("tbody")).to_contain_text("All cameras and uploads")


def test_pictures_can_be_dropped_and_taken_out(open_page: OpenPage, astronaut_jpeg: bytes) -> None:
    import base64

    page = open_page("/people/enrol", role=Role.OPERATOR)
    script = """([data, drop]) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const files = new DataTransfer();
      files.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
      files.items.add(new File(["GIF89a"], "dancing.gif", { type: "image/gif" }));
      drop.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }"""
    drop = page.locator("#drop").element_handle()
    expect(page.locator("#consent-fields input[name=purpose]")).to_be_visible()
    page.evaluate(script, [base64.b64encode(astronaut_jpeg).decode(), drop])
    expect(page.locator("#strip li")).to_have_count(1)
    expect(page.locator("#notices")).to_contain_text("dancing.gif is not used.")
    page.get_by_role("button", name="Take out dropped.jpg").click()
    expect(page.locator("#strip li")).to_have_count(0)


def test_pictures_too_large_to_be_taken_are_told_before_they_are_sent(open_page: OpenPage) -> None:
    page = open_page("/people/enrol", role=Role.OPERATOR)
    expect(page.locator("#consent-fields input[name=purpose]")).to_be_visible()
    drop = """([sizes, drop]) => {
      const files = new DataTransfer();
      const file = (size, at) => new File([new Uint8Array(size)], `${at}.jpg`, { type: "image/jpeg" });
      sizes.map(file).forEach((one) => files.items.add(one));
      drop.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, [[21_000_000], page.locator("#drop").element_handle()])
    expect(page.locator("#notices")).to_contain_text("A picture may have 20 MB; this one has 21.")
    page.evaluate(drop, [[20_000_000] * 5 + [1], page.locator("#drop").element_handle()])
    expect(page.locator("#notices")).to_contain_text("All pictures together may have 100 MB.")
    expect(page.locator("#strip li")).to_have_count(5)


def test_a_row_that_could_not_be_filled_is_asked_for_again(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    subject = site.enrol(astronaut_jpeg)
    page = open_page("/cameras", role=Role.OPERATOR)
    failing = [True]
    page.route(f"**/subjects/{subject}", lambda route: route.abort() if failing.pop() else route.continue_(), times=1)
    page.goto("/people")
    expect(page.locator("tbody .chip")).to_have_text("Not searched for")
    assert failing == []


def test_nobody_is_enrolled_without_a_proof_or_a_usable_picture(open_page: OpenPage, site: Site, files) -> None:
    page = open_page("/people/enrol", role=Role.OPERATOR)
    fill(page, files, [files[1]])
    page.get_by_label("Signed consent").set_input_files([])
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#enrol-error")).to_contain_text("without a proof")
    page.get_by_label("Signed consent").set_input_files(files[2])
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#enrol-error .message p")).not_to_be_empty()
    assert site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []


def test_a_likely_duplicate_is_shown_and_asked_about(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes, files
) -> None:
    subject = site.enrol(astronaut_jpeg, name="Ada Lovelace")
    page = open_page("/people/enrol", role=Role.OPERATOR)
    fill(page, files, [files[0]])
    page.get_by_role("button", name="Enrol", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="Ada Lovelace")).to_have_attribute("href", f"/people/{subject}")
    expect(dialog).to_contain_text("Dissimilarity 0.000: of strangers")
    expect(dialog.locator("img")).to_have_js_property("complete", True)
    dialog.get_by_role("button", name="Cancel").click()
    assert len(site.as_role(Role.OPERATOR, "GET", "/subjects").json()) == 1
    page.get_by_role("button", name="Enrol", exact=True).click()
    dialog.get_by_role("button", name="It is somebody else: enrol").click()
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()


def test_one_of_several_faces_is_chosen(
    open_page: OpenPage, site: Site, astronaut: Image, files, tmp_path: Path
) -> None:
    import numpy as np

    from matcher.recognition.image import encode_jpeg

    group = tmp_path / "group.jpg"
    group.write_bytes(encode_jpeg(np.concatenate([astronaut, astronaut], axis=1)))
    page = open_page("/people/enrol", role=Role.OPERATOR)
    fill(page, files, [group])
    page.get_by_role("button", name="Enrol", exact=True).click()
    choose(page, 2)
    expect(page.locator("#strip li")).to_contain_text("group.jpg: face 2")
    # The same in a picture that was refused while another was used, and where pictures are added to somebody.
    page.locator("#pictures").set_input_files([group])
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("enrolled with 1 picture")
    choose(page, 1)
    expect(page.locator("#strip li.refused")).to_have_count(0)
    page.get_by_role("link", name="Open Eileen Collins").click()
    page.locator("#more").set_input_files([group])
    choose(page, 1)
    expect(page.get_by_role("heading", name="3 pictures")).to_be_visible()


def test_withdrawing_takes_the_name_typed_and_leaves_nothing_to_see(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    subject = site.enrol(astronaut_jpeg)
    page = open_page(f"/people/{subject}", role=Role.OPERATOR)
    page.get_by_role("button", name="Withdraw").click()
    go = page.get_by_role("button", name="Withdraw for good")
    expect(go).to_be_disabled()
    page.get_by_label("Type “Eileen Collins” to go on").fill("Eileen Collins")
    go.click()
    expect(page.get_by_text("This person has withdrawn.")).to_be_visible()
    assert site.as_role(Role.OPERATOR, "GET", f"/subjects/{subject}").json()["subject"]["name"] is None
    assert page.locator("#person img").count() == 0
    page.goto("/people")
    expect(page.locator("tbody")).to_contain_text("Withdrawn person")


def test_a_further_consent_is_recorded_and_ended(open_page: OpenPage, site: Site, astronaut_jpeg: bytes, files) -> None:
    site.service.cameras.add(name="Canteen", address="rtsp://192.168.1.20/1", purpose="canteen", actor="cli:test")
    subject = site.enrol(astronaut_jpeg)
    page = open_page(f"/people/{subject}", role=Role.OPERATOR)
    page.get_by_role("button", name="Add a consent").click()
    page.get_by_label("Purpose").fill("canteen")
    page.get_by_label("Signed consent").set_input_files(files[2])
    page.get_by_role("button", name="Record the consent").click()
    row = page.locator("tbody tr", has_text="canteen")
    expect(row.locator(".chip")).to_have_text("Holds")
    expect(page.locator("#notices .message")).to_have_count(1)
    row.get_by_role("button", name="End").click()
    page.get_by_role("button", name="End the consent").click()
    expect(row.locator(".chip")).to_have_text("Ended")
    consents = site.as_role(Role.OPERATOR, "GET", f"/subjects/{subject}/consents").json()
    assert {consent["purpose"]: consent["withdrawn_at"] is None for consent in consents} == {
        "demo": True,
        "canteen": False,
    }


def test_a_purpose_is_chosen_from_those_in_use_and_doubted_where_it_is_none(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes, files
) -> None:
    for purpose in ("canteen", "lobby"):
        site.service.cameras.add(name=purpose, address="rtsp://192.168.1.20/1", purpose=purpose, actor="cli:test")
    page = open_page("/people/enrol", role=Role.OPERATOR)
    purpose, doubt = page.get_by_label("Purpose"), page.locator("#consent-fields .message")
    expect(purpose).to_have_value("canteen")
    choices = page.locator("datalist option").evaluate_all("options => options.map((option) => option.value)")
    assert choices == ["canteen", "lobby"]
    purpose.fill("loby")
    expect(doubt).to_contain_text("No camera searches for this purpose")
    purpose.fill("lobby")
    expect(doubt).to_have_count(0)
    # Free text is taken all the same, and the answer says again what it means.
    fill(page, files, list(files[:2]))
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("No camera searches for the purpose “door-opening”")


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "UTC", "America/Los_Angeles"])
def test_how_long_a_consent_holds_is_said_by_the_readers_own_days(open_page: OpenPage, site: Site, zone) -> None:
    page = open_page("/people", role=Role.OPERATOR, timezone_id=zone)
    script = """async ([now, until, changes]) => {
      const { consentChip } = await import("/static/consent.js");
      const at = (text) => new Date(text).getTime();
      const iso = (text) => new Date(text).toISOString();
      const consent = { valid_from: iso("2026-01-01T00:00"), valid_until: iso(until), state: "active", holds: true };
      return consentChip({ ...consent, ...changes }, null, at(now)).textContent;
    }"""

    def said(now: str, until: str, **changes: object) -> str:
        return str(page.evaluate(script, [now, until, changes]))

    # Twelve hours before an end on the next day, which the period beside it names.
    assert said("2026-11-30T20:00", "2026-12-01T08:00") == "1 d left"
    assert said("2026-11-30T00:10", "2026-12-01T00:00") == "Ends today"
    assert said("2026-11-30T23:50", "2026-12-01T00:00") == "Ends today"
    assert said("2026-11-30T09:00", "2026-11-30T17:30") == "Ends today at 17:30"
    assert said("2026-11-30T23:50", "2026-12-02T00:00") == "1 d left"
    assert said("2026-11-01T12:00", "2026-12-01T00:00") == "29 d left"
    assert said("2026-10-31T12:00", "2026-12-01T00:00") == "Holds"
    # The service decides if it holds; the browser's clock does not count.
    assert said("2026-11-30T09:00", "2026-12-01T00:00", state="expired") == "Expired"
    assert said("2026-11-30T09:00", "2026-12-01T00:00", state="withdrawn") == "Ended"
    assert said("2026-11-30T09:00", "2026-12-01T00:00", state="pending") == "Not yet"
    assert said("2026-11-30T09:00", "2026-12-01T00:00", holds=False) == "Outside its hours"
    assert said("2026-12-02T09:00", "2026-12-01T00:00").startswith("Ends today")


def test_the_hours_of_a_consent_are_chosen_and_shown(open_page, site, files):
    site.service.cameras.add(
        name="Gate", address="rtsp://192.168.1.20/1", purpose="door-opening", actor="cli:test", time_zone="Asia/Tokyo"
    )
    page = open_page("/people/enrol", role=Role.OPERATOR)
    fill(page, files, [files[0]])
    page.get_by_label("At all hours").uncheck()
    row = page.locator(".hours-row")
    expect(row).to_have_count(1)
    assert [box.is_checked() for box in row.get_by_role("checkbox").all()] == [True] * 5 + [False] * 2
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri"):
        row.get_by_label(day).uncheck()
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#enrol-error")).to_contain_text("Choose at least one weekday")
    # Hours of a minute, on a day that is neither today nor tomorrow anywhere: none of them is now.
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[(datetime.now(UTC).weekday() + 3) % 7]
    row.get_by_label(day).check()
    row.get_by_label("from").fill("08:00")
    row.get_by_label("to").fill("08:01")
    page.get_by_role("button", name="Add hours").click()
    page.get_by_role("button", name="Remove these hours").last.click()
    expect(row).to_have_count(1)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()
    expect(page.locator("#person tbody")).to_contain_text(f"{day} 08:00–08:01")
    expect(page.locator("#person tbody")).to_contain_text("Asia/Tokyo, UTC")
    expect(page.locator("#person .chip").first).to_have_text("Outside its hours")
    expect(page.locator("#person .message")).to_contain_text("No search finds this person before")
    page.goto("/people")
    expect(page.locator("tbody .chip")).to_have_text("Outside its hours")


def test_an_unknown_person_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("/people/nobody", role=Role.OPERATOR)
    expect(page.locator("#person .message p")).not_to_be_empty()
