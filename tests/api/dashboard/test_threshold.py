import dataclasses

import pytest
from playwright.sync_api import expect

from api.permission import Role
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT, OPERATING_POINTS, load_operating_points
from matcher.recognition.scale import SimilarityScale
from matcher.site_points import keep_site_point
from tests.api.conftest import Site
from tests.api.dashboard.conftest import OpenPage


@pytest.fixture
def alert(site: Site, astronaut_jpeg: bytes):
    site.enrol(astronaut_jpeg)
    return site.alert(astronaut_jpeg)


def test_the_threshold_in_use_stands_with_its_evidence_and_what_it_brings(
    open_page: OpenPage, site: Site, alert
) -> None:
    page = open_page("/alerts", role=Role.OPERATOR)
    page.get_by_role("link", name="Threshold").click()
    used = page.locator("#in-use")
    point = load_operating_points()[DEFAULT_OPERATING_POINT]
    expect(used).to_contain_text(f"In use: {point.name}, threshold {point.threshold:.3f}")
    expect(used).to_contain_text(f"Of {point.evidence.non_mated:,} pairs of different people")
    expect(used).to_contain_text(f"1 in {round(1 / point.evidence.fmr):,}")
    expect(used).to_contain_text("1 reference in the gallery and 1 search by cameras in the last 24 hours")
    expect(used).to_contain_text("a person who stays before a camera is searched for again")
    expect(used).to_contain_text("news photographs")
    rows = page.locator("#all tbody tr")
    expect(rows).to_have_count(len(load_operating_points()))
    expect(page.locator(f"[data-point='{point.name}']")).to_contain_text("In use")
    said = page.locator("main").inner_text().replace("95 % interval", "")
    assert "%" not in said
    assert "passage" not in said.lower() and "passers" not in said.lower(), "what is counted are searches"


def test_a_threshold_that_is_not_to_be_relied_on_says_so(open_page: OpenPage, site: Site, alert) -> None:
    identifier = site.service.matcher.identifier
    point = load_operating_points()["fmr-1e-4"]
    evidence = dataclasses.replace(point.evidence, model_digest="0" * 64)
    keep_site_point(site.service.matcher.settings.folder, dataclasses.replace(point, name="lobby", evidence=evidence))
    bare = dataclasses.replace(identifier.operating_point, name="no-evidence", evidence=None)
    page = open_page("/threshold", role=Role.AUDITOR)
    expect(page.locator("[data-point=lobby]")).to_contain_text("another model")
    expect(page.locator("#troubles")).to_be_empty()

    identifier.operating_point = bare
    page.reload()
    expect(page.locator("#in-use .message")).to_contain_text("no evidence")
    expect(page.locator("[data-point=no-evidence]")).to_contain_text("not known")
    for path in ("/threshold", "/people"):
        page.goto(path)
        trouble = page.locator("#troubles .message")
        expect(trouble).to_contain_text("The threshold has no evidence")
        expect(trouble).to_have_attribute("data-tone", "warn")


def test_an_alert_says_in_words_what_its_dissimilarity_stands_for(open_page: OpenPage, site: Site, alert) -> None:
    matcher = site.service.matcher
    matcher.scale = None
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    measure = page.locator(".measure")
    expect(measure).to_contain_text("Lower is more alike")
    expect(measure).not_to_contain_text("strangers")
    steps = ((0.1, 1e-6), (0.9, 1e-4))
    matcher.scale = SimilarityScale(
        dataset="made up",
        model_digest=matcher.recogniser.model_digest,
        weights=matcher.recogniser.fusion.weights,
        non_mated=1_000_000,
        steps=steps,
    )
    page.reload()
    said = "Of strangers, fewer than 1 in 1,000,000 is as close, measured on 1,000,000 pairs of made up."
    expect(measure).to_contain_text(said)
    assert "%" not in measure.inner_text().replace("95 % interval", "")


def test_an_alert_of_a_point_that_was_replaced_since_does_not_show_the_new_evidence(
    open_page: OpenPage, site: Site, astronaut_jpeg: bytes
) -> None:
    matcher, default = site.service.matcher, load_operating_points()[DEFAULT_OPERATING_POINT]
    keep_site_point(matcher.settings.folder, dataclasses.replace(default, name="lobby"))
    matcher.identifier.operating_point = dataclasses.replace(default, name="lobby")
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    measure = page.locator(".measure")
    expect(measure).to_contain_text("pairs of different people matched by mistake")
    expect(measure).not_to_contain_text("replaced")

    stricter = dataclasses.replace(default, name="lobby", threshold=default.threshold - 0.1)
    keep_site_point(matcher.settings.folder, stricter, replace=True)
    matcher.identifier.operating_point = stricter
    page.reload()
    expect(measure.locator(".message")).to_contain_text("lobby was replaced since")
    expect(measure).to_contain_text(f"threshold {default.threshold:.3f}")
    expect(measure).not_to_contain_text("pairs of different people")


def test_alerts_are_reviewed_while_the_sites_file_cannot_be_read(open_page: OpenPage, site: Site, alert) -> None:
    (site.service.matcher.settings.folder / OPERATING_POINTS).write_text("{")
    page = open_page(f"/alerts?alert={alert}", role=Role.OPERATOR)
    expect(page.locator(".measure")).to_contain_text(DEFAULT_OPERATING_POINT)
    expect(page.locator("[data-verdict=confirm]")).to_be_enabled()
    page.goto("/threshold")
    expect(page.locator("#in-use .message")).to_contain_text("cannot be read")


def test_an_alert_of_a_threshold_without_evidence_warns(open_page: OpenPage, site: Site, astronaut_jpeg: bytes) -> None:
    identifier = site.service.matcher.identifier
    identifier.operating_point = dataclasses.replace(identifier.operating_point, name="no-evidence", evidence=None)
    site.enrol(astronaut_jpeg)
    page = open_page(f"/alerts?alert={site.alert(astronaut_jpeg)}", role=Role.OPERATOR)
    expect(page.locator(".measure .message")).to_contain_text("no evidence")
    expect(page.locator(".measure")).not_to_contain_text("pairs of different people")
