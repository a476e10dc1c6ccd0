"""What holds for every page: policy, themes, narrow screens, contrast, files."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

import api.dashboard
from api.permission import Role
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage

HERE = Path(api.dashboard.__file__).parent
PATHS = ["/", "/alerts", "/people", "/people/enrol", "/cameras", "/log", "/threshold", "/account"]
NARROW = {"width": 390, "height": 844}


@pytest.mark.parametrize("template", sorted((HERE / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_inline_script_or_style(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all(body == "" for body in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL))
    assert not re.search(r"""(?:src|href)="https?:""", text)


def test_nothing_is_cut_off_on_a_narrow_screen(open_page: OpenPage, site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    page = open_page("/", viewport=NARROW)
    for path in [*PATHS, f"/alerts?alert={alert}", "/log?entry=0"]:
        page.goto(path)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"], path


def test_the_theme_is_chosen_and_kept(open_page: OpenPage) -> None:
    page = open_page("/people", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto("/log")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_every_name_is_text_and_never_markup(open_page: OpenPage, site: Site, astronaut_jpeg: bytes) -> None:
    name = "<img src=x onerror=alert(1)>"
    subject = site.enrol(astronaut_jpeg, name=name)
    site.alert(astronaut_jpeg)
    page = open_page("/", role=Role.OPERATOR)
    for path in ("/", "/alerts", "/people", f"/people/{subject}"):
        page.goto(path)
        expect(page.locator("main").get_by_text(name).first).to_be_visible()


@pytest.mark.slow
def test_files_are_asked_for_again_only_when_they_changed(site: Site) -> None:
    with httpx.Client(base_url=site.address) as client:
        first = client.get("/static/style.css")
        assert first.headers["Cache-Control"] == "no-cache"
        assert client.get("/static/style.css", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        for name in ("..%2fpages.py", "%2e%2e/pages.py", "nothing.js", "%00"):
            assert client.get(f"/static/{name}").status_code == 404, name


def test_a_page_that_does_not_exist_is_a_page_to_browsers_and_an_error_to_programs(
    open_page: OpenPage, site: Site
) -> None:
    for role in (None, Role.OPERATOR):
        page = open_page("/identify?<b>", role=role)
        expect(page).to_have_title("No such page · Clearglass")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        expect(page.locator("main")).to_contain_text("/identify")
        expect(page.get_by_role("link", name="Go to the first page")).to_have_attribute("href", "/")
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    with httpx.Client(base_url=site.address) as client:
        answer = client.get("/identify", headers=browser)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for path, headers in (("/identify", {}), ("/api/v1/nothing", browser), ("/api/v1/health/x", browser)):
            assert site.code(client.get(path, headers=headers)) == "not_found", path
        assert site.code(client.post("/identify", headers=browser)) == "not_found"


def test_tables_and_what_scrolls_can_be_used_by_keyboard_and_read_aloud(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    subject = site.enrol(astronaut_jpeg)
    for number in range(6):
        site.service.cameras.add(name=f"{number}", address="rtsp://192.168.1.20/1", purpose="demo", actor="cli:test")
    page = open_page("/", viewport={"width": 1280, "height": 800})
    wall = page.locator("section.wall")
    expect(wall.locator(".tile")).to_have_count(6)
    assert wall.evaluate("node => node.scrollHeight > node.clientHeight && node.tabIndex === 0")
    for path in ("/cameras", f"/people/{subject}", "/log?entry=0"):
        page.goto(path)
        expect(page.locator("tbody tr").first).to_be_visible()
        assert all(head.strip() for head in page.locator("thead th").all_text_contents()), path
        # A row that opens says so by its button: aria-expanded means nothing on a row of a table.
        assert page.locator("tr[aria-expanded]").count() == 0, path
    expect(page.locator("tr.entry button")).to_have_attribute("aria-expanded", "true")
    page.locator("tr.entry button").click()
    expect(page.locator("tr.entry button")).to_have_attribute("aria-expanded", "false")
    expect(page.locator("tr.body")).to_be_hidden()


TEXTS = ("ink", "ink-soft", "ink-faint", "accent", "accent-strong")
TONES = ("good", "warn", "bad")


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_everything_it_stands_on(theme: str) -> None:
    style = (HERE / "static" / "style.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", style)
    colour = {name: values[theme] for name, *values in found}
    pairs = [(text, ground) for text in TEXTS for ground in ("canvas", "surface", "sunken")]
    pairs += [(tone, ground) for tone in TONES for ground in ("surface", f"{tone}-soft")]
    pairs += [
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("accent-strong", "accent-soft"),
        ("ink-soft", "accent-soft"),
    ]
    poor = {pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (HERE / "static" / "icons.svg").read_text()))
    scripts = "".join(path.read_text() for path in (HERE / "static").glob("*.js"))
    pages = "".join(path.read_text() for path in (HERE / "templates").glob("*.html"))
    used = set(re.findall(r'\bicon\("([\w-]+)"\)|empty\(\s*"([\w-]+)"', scripts))
    names = {name for pair in used for name in pair if name} | set(re.findall(r"icons\.svg#([\w-]+)", pages))
    assert names <= drawn
