"""Thresholds with their evidence, and what to expect of each at this gallery and its traffic."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.permission import Role
from matcher.audit import camera_traffic
from matcher.evaluation.expectation import fpir
from matcher.probe.probe import Query
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import DEFAULT_OPERATING_POINT, load_operating_points
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import SimilarityScale
from matcher.site_points import keep_site_point
from tests.api.conftest import Site

pytestmark = pytest.mark.slow

SCALE = SimilarityScale(
    dataset="made up",
    model_digest=FaceModel().digest,
    weights=DEFAULT_FUSION.weights,
    non_mated=1_000_000,
    steps=((0.1, 1e-6), (0.9, 1e-4), (2.0, 0.1)),
)


def passes(site: Site, picture: bytes, *, times: int, actor: str = "camera:lobby", purpose: str = "demo") -> None:
    matcher = site.service.matcher
    probe = matcher.probe(picture)
    for _ in range(times):
        matcher.identifier.identify(probe, Query(actor=actor, role="camera", camera="lobby", purpose=purpose))


def listed(site: Site, role: Role = Role.AUDITOR) -> Any:
    answer = site.as_role(role, "GET", "/operating-points")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_point_says_what_it_brings_here(site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    passes(site, astronaut_jpeg, times=14)
    # What people ask for is no search by a camera, whatever its purpose says.
    passes(site, astronaut_jpeg, times=1, actor="user:1", purpose='"actor":"camera:')
    found = listed(site)
    assert (found["references"], found["searches_last_day"], found["searches_last_week"]) == (1, 14, 14)
    assert [point["name"] for point in found["points"]] == list(load_operating_points())
    assert [point["name"] for point in found["points"] if point["in_use"]] == [DEFAULT_OPERATING_POINT]
    for point in found["points"]:
        assert point["caveat"] is None and point["site"] is False
        day, week = point["last_day"], point["last_week"]
        assert (day["references"], day["searches_a_day"], week["searches_a_day"]) == (1, 14, 2)
        assert day["false_alarms_a_day"]["value"] == pytest.approx(14 * fpir(point["fmr"], 1))
        assert week["false_alarms_a_day"]["high"] == pytest.approx(2 * point["fmr_high"])
        assert day["misses_per_hundred"]["value"] == pytest.approx(100 * point["fnmr"])
        assert day["fmr_for_one_a_week"] == pytest.approx(1 / 98)
        assert "news photographs" in point["caution"]


def test_traffic_is_of_the_last_day_and_week(
    site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    site.enrol(astronaut_jpeg)
    passes(site, astronaut_jpeg, times=3)
    for later, day, week in ((23, 3, 3), (25, 0, 3), (24 * 7 + 1, 0, 0)):
        monkeypatch.setattr(site.service, "clock", lambda later=later: datetime.now(UTC) + timedelta(hours=later))
        found = listed(site)
        assert (found["searches_last_day"], found["searches_last_week"]) == (day, week)
    assert found["points"][0]["last_day"]["fmr_for_one_a_week"] is None


def test_traffic_is_counted_once_a_minute(site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta

    began, counted = datetime.now(UTC), []
    count = camera_traffic.camera_searches
    monkeypatch.setattr(camera_traffic, "camera_searches", lambda *asked: counted.append(asked) or count(*asked))
    site.enrol(astronaut_jpeg)
    passes(site, astronaut_jpeg, times=1)
    for seconds, searches in ((1, 1), (60, 1), (61, 2), (0, 2)):
        monkeypatch.setattr(site.service, "clock", lambda at=seconds: began + timedelta(seconds=at))
        assert listed(site)["searches_last_day"] == searches
        passes(site, astronaut_jpeg, times=seconds == 1)
    assert len(counted) == 3, "also when the clock was set back"


def test_a_point_calibrated_beside_the_running_service_is_listed(site: Site) -> None:
    folder, point = site.service.matcher.settings.folder, load_operating_points()["fmr-1e-4"]
    evidence = dataclasses.replace(point.evidence, model_digest="0" * 64)
    keep_site_point(folder, dataclasses.replace(point, name="lobby", evidence=evidence))
    last = listed(site)["points"][-1]
    assert (last["name"], last["site"], last["in_use"]) == ("lobby", True, False)
    assert last["caveat"]["code"] == "operating_point_other_model"
    assert last["model_digest"] == "0" * 64
    assert site.as_role(None, "GET", "/health").json()["troubles"] == [], "it is not in use"


@pytest.fixture
def open_with(open_site: Callable[..., Iterator[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens a service under a setting of the environment."""

    @contextmanager
    def opened(name: str, value: str) -> Iterator[Any]:
        monkeypatch.setenv(name, value)
        yield from open_site(tmp_path / "data")

    return opened


def test_a_threshold_without_evidence_is_warned_about_everywhere(open_with, astronaut_jpeg: bytes) -> None:
    with open_with("CLEARGLASS_THRESHOLD", "0.75") as site:
        health = site.as_role(None, "GET", "/health")
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        [trouble] = health.json()["troubles"]
        assert trouble["code"] == "operating_point_no_evidence"
        assert trouble["remedy"]
        last = listed(site)["points"][-1]
        assert (last["name"], last["threshold"], last["in_use"]) == ("no-evidence", 0.75, True)
        assert (last["fmr"], last["fnmr"], last["non_mated"], last["last_day"]) == (None, None, 0, None)
        site.enrol(astronaut_jpeg)
        files, data = {"file": ("x.jpg", astronaut_jpeg)}, {"purpose": "demo"}
        found = site.as_role(Role.OPERATOR, "POST", "/identifications", files=files, data=data).json()
        assert found["operating_point"]["caveat"]["code"] == "operating_point_no_evidence"
        [entry] = site.as_role(Role.AUDITOR, "GET", "/log/entries?kind=start").json()["entries"]
        assert entry["body"]["operating_point"] == {"name": "no-evidence", "threshold": 0.75}


def test_a_site_point_of_another_model_is_used_and_warned_about(open_with, tmp_path: Path) -> None:
    point = load_operating_points()["fmr-1e-4"]
    evidence = dataclasses.replace(point.evidence, weights={"sface": 1.0, "dlib": 0.1})
    keep_site_point(tmp_path / "data", dataclasses.replace(point, name="lobby", evidence=evidence))
    with open_with("CLEARGLASS_OPERATING_POINT", "lobby") as site:
        [trouble] = site.as_role(None, "GET", "/health").json()["troubles"]
        assert trouble["code"] == "operating_point_other_model"
        assert "lobby" not in json.dumps(trouble), "the page is open to everybody"
        assert [one["name"] for one in listed(site)["points"] if one["in_use"]] == ["lobby"]


def test_an_alert_tells_the_threshold_it_was_found_with(site: Site, astronaut_jpeg: bytes) -> None:
    identifier = site.service.matcher.identifier
    used = identifier.operating_point
    site.enrol(astronaut_jpeg)
    alerts = [site.alert(astronaut_jpeg)]
    identifier.operating_point = dataclasses.replace(used, threshold=used.threshold - 0.1)
    alerts.append(site.alert(astronaut_jpeg))
    found = [site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json() for alert in alerts]
    assert [one["operating_point"] for one in found] == [used.name] * 2
    assert [one["threshold"] for one in found] == [used.threshold, used.threshold - 0.1]
    every = site.as_role(Role.OPERATOR, "GET", "/alerts").json()
    assert {one["id"]: one["threshold"] for one in every} == {one["id"]: one["threshold"] for one in found}


def test_candidates_and_alerts_say_what_their_dissimilarity_stands_for(site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    files, data = {"file": ("x.jpg", astronaut_jpeg)}, {"purpose": "demo"}

    def told() -> list[Any]:
        found = site.as_role(Role.OPERATOR, "POST", "/identifications", files=files, data=data).json()
        one = site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()
        return [(each["stands_for_fmr"], each["stands_for"]) for each in (*found["candidates"], one)]

    site.service.matcher.scale = None
    assert told() == [(None, None)] * 2
    assert listed(site)["scale"] is None
    site.service.matcher.scale = SCALE
    assert told() == [(1e-6, "of strangers, fewer than 1 in 1,000,000 is as close")] * 2
    assert listed(site)["scale"] == {"dataset": "made up", "model_digest": FaceModel().digest, "non_mated": 1_000_000}
