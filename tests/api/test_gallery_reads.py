"""Looking at enrolled people leaves a trace in the log, of bounded size, before anything is shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.gallery_reads import MOST_SUBJECTS, Seen
from api.permission import Role
from api.settings import ApiSettings
from matcher.log.entry import EntryKind
from tests.api.conftest import OpenSite, Site

pytestmark = pytest.mark.slow

OP, A, X = Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR


def reads(site: Site) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in site.service.matcher.log.entries(limit=1000, kinds=[EntryKind.GALLERY_READ])]


def minute_passes(site: Site) -> None:
    """For the gallery's reads: what is left of the minute is logged."""
    site.service.gallery_reads.settle(over=False)


def references(site: Site, subject: str) -> list[str]:
    return [one["id"] for one in site.as_role(A, "GET", f"/subjects/{subject}").json()["references"]]


def test_names_and_pictures_leave_a_trace_before_they_are_shown(site: Site, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    [reference] = references(site, subject)
    assert reads(site) == [], "auditors are shown no name"
    assert site.as_role(A, "GET", "/subjects").json()[0]["name"] is None
    assert reads(site) == []

    with site.client(OP) as operator:
        assert operator.get(f"/references/{reference}/picture").status_code == 200
        [first] = reads(site)
        assert first["actor"] == f"user:{site.accounts[OP]}"
        assert (first["seen"], first["subjects"]) == ({"reference_pictures": 1}, [subject])
        for _ in range(3):
            assert operator.get("/subjects").status_code == 200
        assert operator.get(f"/subjects/{subject}").status_code == 200
        assert operator.get("/alerts").status_code == 200
        assert operator.get(f"/alerts/{alert}").status_code == 200
        for picture in ("probe", "reference"):
            assert operator.get(f"/alerts/{alert}/{picture}.jpg").status_code == 200
        assert len(reads(site)) == 1, "the rest of the minute is one entry"
        minute_passes(site)
    rest = reads(site)[1]
    assert rest["seen"] == {"names": 6, "alert_pictures": 2}
    assert rest["subjects"] == [subject]
    assert first["since"] <= rest["since"]

    # What is not there was not looked at, and what nobody asked for makes no entry.
    assert site.as_role(OP, "GET", "/references/none/picture").status_code == 404
    minute_passes(site)
    assert len(reads(site)) == 2
    assert site.as_role(A, "GET", "/log/verification").json()["verified"]


def test_what_is_left_is_logged_when_the_service_ends(site: Site, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    for _ in range(2):
        assert site.as_role(OP, "GET", "/subjects").status_code == 200
    site.service.gallery_reads.close()
    assert [body["seen"] for body in reads(site)] == [{"names": 1}] * 2


def test_two_accounts_are_told_apart_and_one_entry_names_a_bounded_number(site: Site) -> None:
    looks = site.service.gallery_reads
    for number in range(MOST_SUBJECTS + 5):
        for name in ("user:one", "user:two"):
            looks.note(Seen.REFERENCE_PICTURES, actor=name, role=OP, subject=f"subject {number}")
    minute_passes(site)
    bodies = {body["actor"]: body for body in reads(site)[2:]}
    assert set(bodies) == {"user:one", "user:two"}
    for body in bodies.values():
        assert body["seen"] == {"reference_pictures": MOST_SUBJECTS + 4}
        assert (len(body["subjects"]), body["more"]) == (200, True)
    assert site.as_role(A, "GET", "/log/verification").json()["verified"]


def test_nobody_begins_to_look_while_nothing_can_be_logged(site: Site, astronaut_jpeg: bytes) -> None:
    [reference] = references(site, site.enrol(astronaut_jpeg))
    with site.clock.wrong(hours=-1):
        for path in (f"/references/{reference}/picture", "/subjects"):
            refused = site.as_role(OP, "GET", path)
            assert (refused.status_code, site.code(refused)) == (503, "clock_set_back")
    assert reads(site) == []
    assert site.as_role(OP, "GET", f"/references/{reference}/picture").status_code == 200
    assert len(reads(site)) == 1


def test_enrolled_faces_have_a_far_lower_limit(open_site: OpenSite, tmp_path: Path, astronaut_jpeg: bytes) -> None:
    for site in open_site(tmp_path / "data", faces_per_minute=3):
        [reference] = references(site, site.enrol(astronaut_jpeg))
        with site.client(OP) as operator:
            answers = [operator.get(f"/references/{reference}/picture") for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
            assert "enrolled faces" in answers[-1].json()["error"]["message"]
            assert operator.get("/subjects").status_code == 200, "other requests are not counted with them"
    fields = ApiSettings.model_fields
    assert fields["faces_per_minute"].default * 20 < fields["views_per_minute"].default


@pytest.mark.parametrize("looked", [2, 3])
def test_an_auditor_sees_who_looked_at_many(site: Site, astronaut_jpeg: bytes, looked: int) -> None:
    [reference] = references(site, site.enrol(astronaut_jpeg))
    for _ in range(2):
        site.as_role(OP, "GET", f"/references/{reference}/picture")
    minute_passes(site)
    now = datetime.now(UTC)
    asked = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1), "looked": looked}
    asked |= {"night_from": (now.hour - 1) % 24, "night_to": (now.hour + 2) % 24}
    params = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asked.items()}
    found = {one["code"]: one for one in site.as_role(A, "GET", "/log/unusual", params=params).json()}
    assert ("looked_at_many" in found) == (looked == 2)
    assert found["looked_at_night"]["count"] == 2
    listed = site.as_role(A, "GET", "/log/entries", params={"kind": "gallery_read"}).json()["entries"]
    assert [entry["body"]["seen"] for entry in listed] == [{"reference_pictures": 1}] * 2
