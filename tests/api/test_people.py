"""People over HTTP: enrolling, consents, searches, withdrawal; and alerts with their reviews."""

import hashlib
import hmac
import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from api.permission import Role
from api.routers.consents import ConsentOut
from api.service import Service
from matcher.consent.rule import ENROLMENT
from matcher.time_zone import time_zone
from tests.matcher.consent.cases import CASES, Case

LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()
EVIDENCE = "cd" * 32
named = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def nobody_jpeg() -> bytes:
    """A picture without a face."""
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def _identify(site: Any, picture: bytes, purpose: str = "demo", role: Role = Role.OPERATOR) -> Any:
    return site.as_role(
        role,
        "POST",
        "/identifications",
        data={"purpose": purpose, "case_reference": "2026-114"},
        files={"file": ("../../x.jpg", picture)},
    )


@pytest.mark.slow
def test_from_enrolment_to_withdrawal(site: Any, astronaut_jpeg: bytes, nobody_jpeg: bytes) -> None:
    files = [("files", ("a.jpg", astronaut_jpeg)), ("files", ("b.jpg", nobody_jpeg)), ("files", ("c", b"GIF89a"))]
    made = site.as_role(Role.OPERATOR, "POST", "/subjects", data=site.consent(), files=files)
    assert made.status_code == 201, made.text
    enrolment = made.json()
    assert enrolment["subject"]["name"] == "Eileen Collins"
    assert len(enrolment["accepted"]) == 1
    assert [(refused["picture"], refused["code"]) for refused in enrolment["refused"]] == [
        ("2", "no_face"),
        ("3", "image_format"),
    ]
    subject, reference = enrolment["subject"]["id"], enrolment["accepted"][0]["id"]

    found = _identify(site, astronaut_jpeg)
    assert found.status_code == 201, found.text
    candidate = found.json()["candidates"][0]
    assert (candidate["subject_id"], candidate["reference_id"]) == (subject, reference)
    assert candidate["name"] == "Eileen Collins"
    assert candidate["dissimilarity"] <= found.json()["operating_point"]["threshold"]
    request = site.as_role(Role.AUDITOR, "GET", f"/log/entries/{found.json()['request_index']}").json()
    assert request["kind"] == "request"
    assert request["body"]["actor"] == f"user:{site.accounts[Role.OPERATOR]}"
    assert request["body"]["case_reference"] == "2026-114"
    assert request["body"]["camera"] == "upload"
    assert _identify(site, astronaut_jpeg, "another purpose").json()["candidates"] == []

    verified = site.as_role(
        Role.OPERATOR,
        "POST",
        "/verifications",
        data={"purpose": "demo", "subject_id": subject},
        files={"file": ("x.jpg", astronaut_jpeg)},
    )
    assert verified.json()["mated"] is True
    picture = site.as_role(Role.OPERATOR, "GET", f"/references/{reference}/picture")
    assert picture.content.startswith(b"\xff\xd8")

    assert site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}").status_code == 204
    assert _identify(site, astronaut_jpeg).json()["candidates"] == []
    assert site.as_role(Role.OPERATOR, "GET", f"/references/{reference}/picture").status_code == 404
    assert site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []
    gone = site.as_role(Role.OPERATOR, "GET", "/subjects?withdrawn=true").json()
    assert [(one["id"], one["name"]) for one in gone] == [(subject, None)]
    again = site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}")
    assert (again.status_code, site.code(again)) == (410, "subject_withdrawn")


@pytest.mark.slow
def test_subjects_are_listed_by_the_page(site: Any, astronaut_jpeg: bytes) -> None:
    ids: list[str] = []
    for name in ("Eileen", "Sally", "Mae"):
        ids.append(site.enrol(astronaut_jpeg, name=name, acknowledged=",".join(ids)))
    with site.client(Role.OPERATOR) as client:
        others = {"acknowledged": ",".join(ids)}
        more = client.post(f"/subjects/{ids[1]}/references", files=[("files", ("x", astronaut_jpeg))], data=others)
        assert more.status_code == 201, more.text
        assert client.delete(f"/subjects/{ids[0]}").status_code == 204

        def listed(**asked: object) -> list[tuple[str, str | None, int]]:
            answer = client.get("/subjects", params={name: str(one) for name, one in asked.items()})
            return [(one["id"], one["name"], one["references"]) for one in answer.json()]

        everybody = [(ids[0], None, 0), (ids[1], "Sally", 2), (ids[2], "Mae", 1)]
        assert listed() == everybody[1:]
        assert listed(withdrawn="true") == everybody
        assert listed(withdrawn="true", limit=1, offset=1) == everybody[1:2]
        assert listed(limit=1) == everybody[1:2]
        assert listed(limit=5, offset=1) == everybody[2:]
        assert listed(offset=2) == []
        assert client.get("/gallery").json() == {"enrolled": 2}
    assert [one["name"] for one in site.as_role(Role.AUDITOR, "GET", "/subjects").json()] == [None, None]


def test_one_consent_is_read_by_its_id(site: Any, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg)
    [consent] = site.as_role(Role.OPERATOR, "GET", f"/subjects/{subject}/consents").json()
    shown = site.as_role(Role.AUDITOR, "GET", f"/consents/{consent['id']}").json()
    salt = bytes.fromhex(shown.pop("evidence_salt"))
    assert shown == consent
    (entry,) = site.as_role(Role.AUDITOR, "GET", "/log/entries?kind=enrolment").json()["entries"]
    commitment = hmac.new(salt, bytes.fromhex(consent["evidence_digest"]), hashlib.sha256).hexdigest()
    assert entry["body"]["consent"]["evidence_commitment"] == commitment
    missing = site.as_role(Role.OPERATOR, "GET", "/consents/nothing")
    assert (missing.status_code, site.code(missing)) == (404, "consent_unknown")


@pytest.mark.slow
def test_consents_open_and_close_the_search(site: Any, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg, purpose="one")
    new = {"purpose": "two", "cameras": ["*"], "valid_until": LATER, "evidence_digest": EVIDENCE}
    with site.client(Role.OPERATOR) as client:
        assert _identify(site, astronaut_jpeg, "two").json()["candidates"] == []
        granted = client.post(f"/subjects/{subject}/consents", json=new)
        assert granted.status_code == 201
        assert len(_identify(site, astronaut_jpeg, "two").json()["candidates"]) == 1
        assert client.delete(f"/consents/{granted.json()['id']}").status_code == 204
        assert _identify(site, astronaut_jpeg, "two").json()["candidates"] == []
        assert [one["purpose"] for one in client.get(f"/subjects/{subject}/consents").json()] == ["one", "two"]
        for fault in ({"valid_until": "2026-11-22"}, {"evidence_digest": "x"}, {"cameras": []}, {"purpose": ""}):
            answer = client.post(f"/subjects/{subject}/consents", json=new | fault)
            assert (answer.status_code, site.code(answer)) == (422, "invalid_request")
        over = client.post(f"/subjects/{subject}/consents", json=new | {"valid_until": "2020-01-01T00:00:00Z"})
        assert site.code(over) in {"consent_expired", "consent_invalid"}
        added = client.post(f"/subjects/{subject}/references", files=[("files", ("x", astronaut_jpeg))])
        assert added.status_code == 201
        assert len(added.json()["accepted"]) == 1
        assert len(client.get(f"/subjects/{subject}").json()["references"]) == 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"valid_from": "2019-01-01T00:00:00Z", "valid_until": "2020-01-01T00:00:00Z"}, 403, "consent_expired"),
        ({"valid_until": "tomorrow"}, 422, "invalid_request"),
        ({"valid_until": "9999-12-31T23:59:59-14:00"}, 422, "invalid_request"),
        ({"valid_from": "2090-01-01T00:00:00Z", "valid_until": "2091-01-01T00:00:00Z"}, 403, "consent_required"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, 422, "invalid_request"),
        ({"evidence_digest": "nonsense"}, 422, "invalid_request"),
        ({"evidence_digest": ""}, 422, None),
        ({"name": ""}, 422, "invalid_request"),
        ({"name": "\n"}, 422, None),
        ({"name": "x" * 201}, 422, "invalid_request"),
        ({"purpose": ""}, 422, "invalid_request"),
        ({"cameras": " , "}, 422, "consent_invalid"),
        ({"times": "mon 08:00-17:00"}, 422, "consent_invalid"),
        ({"times": '[{"days": [0], "begin": "08:00", "end": "17:00"}]'}, 422, "consent_invalid"),
        ({"times": '[{"days": [1], "begin": "8:00", "end": "17:00"}]'}, 422, "consent_invalid"),
        ({"times": '[{"days": [1], "begin": "24:00", "end": "24:00"}]'}, 422, "consent_invalid"),
        ({"times": '[{"days": [1], "begin": "08:00"}]'}, 422, "consent_invalid"),
        (
            {"times": "[" + ",".join(['{"days": [1], "begin": "08:00", "end": "17:00"}'] * 90) + "]"},
            422,
            "invalid_request",
        ),
    ],
)
def test_enrolments_without_a_good_consent_are_refused(
    shared_site: Any, astronaut_jpeg: bytes, changes: dict[str, str], status: int, code: str | None
) -> None:
    files = [("files", ("x.jpg", astronaut_jpeg))]
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=shared_site.consent(**changes), files=files)
    assert answer.status_code == status, answer.text
    assert shared_site.code(answer) == (code or shared_site.code(answer))
    assert shared_site.as_role(Role.OPERATOR, "GET", "/subjects").json() == []


@named
def test_the_api_says_what_the_consent_rule_says(case: Case) -> None:
    """As the table has it, of the cameras and the purpose that the consent names."""
    one = case.consent()
    if not one.names(camera=case.camera, purpose=case.purpose) or case.camera == ENROLMENT:
        return
    camera = SimpleNamespace(id=case.camera, time_zone=case.zone)
    gallery = SimpleNamespace(zone=lambda name: time_zone(name or case.zone))
    service = SimpleNamespace(
        clock=lambda: case.moment,
        camera_control=SimpleNamespace(listed=lambda: {case.camera: camera}),
        matcher=SimpleNamespace(gallery=gallery),
    )
    answer = ConsentOut.of(one, cast(Service, service))
    assert answer.holds == case.covered
    assert answer.state == one.state(case.moment)
    assert answer.time_zones == ([case.zone] if case.times else [])
    assert answer.changes_at == one.next_change(case.moment, time_zone(case.zone))


def test_the_hours_of_a_consent_are_read_by_the_clocks_of_its_cameras(site: Any, astronaut_jpeg: bytes) -> None:
    """Two cameras half a day apart: it is always day at one of them."""
    subject = site.enrol(astronaut_jpeg, times='[{"days": [1], "begin": "08:00", "end": "08:01"}]')
    new = {"purpose": "two", "valid_until": LATER, "evidence_digest": EVIDENCE}
    days = [1, 2, 3, 4, 5, 6, 7]
    with site.client(Role.OPERATOR) as client:
        camera = {"address": "rtsp://10.1.2.3/1", "purpose": "two"}
        zones = {"East": "Etc/GMT-12", "West": "Etc/GMT"}
        added = [client.post("/cameras", json=camera | {"name": one, "time_zone": zones[one]}).json() for one in zones]
        assert client.get(f"/subjects/{subject}/consents").json()[0]["time_zones"] == ["Etc/GMT", "Etc/GMT-12", "UTC"]
        times = [{"days": days, "begin": "06:00", "end": "18:00"}]
        places = [one["id"] for one in added]
        both = client.post(f"/subjects/{subject}/consents", json=new | {"cameras": places, "times": times})
        assert both.status_code == 201, both.text
        consent = both.json()
        assert (consent["state"], consent["holds"], consent["times"]) == ("active", True, times)
        assert (consent["hours"], consent["time_zones"]) == ("Mon-Sun 06:00-18:00", ["Etc/GMT", "Etc/GMT-12"])
        assert consent["changes_at"] is not None
        one = [
            client.post(f"/subjects/{subject}/consents", json=new | {"cameras": [place], "times": times}).json()
            for place in places
        ]
        assert sorted(consent["holds"] for consent in one) == [False, True]
        refused = client.post(
            f"/subjects/{subject}/consents",
            json=new | {"cameras": ["*"], "times": [{"days": [], "begin": "", "end": ""}]},
        )
        assert (refused.status_code, site.code(refused)) == (422, "invalid_request")
        always = client.post(f"/subjects/{subject}/consents", json=new | {"cameras": ["*"]}).json()
        assert (always["times"], always["hours"], always["time_zones"]) == ([], None, [])
        assert client.delete(f"/consents/{always['id']}").status_code == 204
        ended = client.get(f"/consents/{always['id']}").json()
        assert (ended["state"], ended["holds"]) == ("withdrawn", False)


def test_a_consent_takes_exactly_one_proof(shared_site: Any, astronaut_jpeg: bytes) -> None:
    files = [("files", ("x.jpg", astronaut_jpeg))]
    form = shared_site.consent()
    both = [*files, ("evidence", ("signed.pdf", b"I agree"))]
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=form, files=both)
    assert (answer.status_code, shared_site.code(answer)) == (422, "evidence_missing")
    del form["evidence_digest"]
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=form, files=files)
    assert (answer.status_code, shared_site.code(answer)) == (422, "evidence_missing")
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=form, files=both)
    assert answer.status_code == 201
    shared_site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{answer.json()['subject']['id']}")
    assert answer.json()["consent"]["evidence_digest"] == hashlib.sha256(b"I agree").hexdigest()


@pytest.mark.parametrize(
    ("picture", "status", "code"),
    [
        (b"", 415, "image_format"),
        (b"GIF89a" + b"\0" * 100, 415, "image_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "image_format"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, None, None),
        (b"RIFF\x00\x00\x00\x00WEBP", None, None),
    ],
)
def test_bad_pictures_are_a_clear_error(shared_site: Any, picture: bytes, status: int | None, code: str | None) -> None:
    size = shared_site.service.matcher.log.size()
    answer = _identify(shared_site, picture)
    expected = {(415, "image_format"), (422, "image_broken")} if status is None else {(status, code)}
    assert (answer.status_code, shared_site.code(answer)) in expected
    assert shared_site.service.matcher.log.size() == size


def test_a_picture_cut_short_is_a_clear_error(shared_site: Any, astronaut_jpeg: bytes) -> None:
    answer = _identify(shared_site, astronaut_jpeg[: len(astronaut_jpeg) // 2])
    assert (answer.status_code, shared_site.code(answer)) == (422, "image_broken")


def test_pictures_without_one_good_face_are_refused(
    shared_site: Any, astronaut: Any, astronaut_jpeg: bytes, nobody_jpeg: bytes
) -> None:
    from matcher.recognition.image import encode_jpeg

    answer = _identify(shared_site, nobody_jpeg)
    assert (answer.status_code, shared_site.code(answer)) == (422, "no_face")
    twice = encode_jpeg(np.concatenate([astronaut, astronaut], axis=1))
    answer = _identify(shared_site, twice)
    assert (answer.status_code, shared_site.code(answer)) == (422, "several_faces")
    enrolment = [("files", ("x", nobody_jpeg)), ("files", ("x", twice))]
    answer = shared_site.as_role(Role.OPERATOR, "POST", "/subjects", data=shared_site.consent(), files=enrolment)
    assert (answer.status_code, shared_site.code(answer)) == (422, "enrolment_refused")
    for files in ({}, {"against": ("x", astronaut_jpeg)}):
        fields = {"purpose": "demo"} | ({"subject_id": "x"} if files else {})
        answer = shared_site.as_role(
            Role.OPERATOR, "POST", "/verifications", data=fields, files=files | {"file": ("x", astronaut_jpeg)}
        )
        assert (answer.status_code, shared_site.code(answer)) == (422, "verification_target")


@pytest.mark.slow
def test_no_search_when_the_log_cannot_be_written(
    site: Any, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.log.errors import LogUnavailableError

    site.enrol(astronaut_jpeg)

    def full(*_: object) -> None:
        raise LogUnavailableError("The audit log could not be written.", remedy="Make room on the disk.")

    monkeypatch.setattr(site.service.matcher.log, "append", full)
    answer = _identify(site, astronaut_jpeg)
    assert (answer.status_code, site.code(answer)) == (503, "log_unavailable")
    read = site.as_role(Role.AUDITOR, "GET", "/log/entries")
    assert (read.status_code, site.code(read)) == (503, "log_unavailable")
    camera = {"name": "Lobby", "address": "rtsp://10.1.2.3/stream", "purpose": "demo"}
    assert site.as_role(Role.OPERATOR, "POST", "/cameras", json=camera).status_code == 503
    assert site.as_role(Role.OPERATOR, "GET", "/cameras").json() == []


@pytest.mark.slow
def test_a_confirmation_takes_two_people_the_second_blind(site: Any, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    for picture in ("probe", "reference"):
        assert site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}/{picture}.jpg").content.startswith(b"\xff\xd8")
    with site.logged_in("operator") as first, site.logged_in(site.colleague()) as second:
        said = first.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm", "note": "Canary note"})
        assert said.status_code == 201, said.text
        assert first.get(f"/alerts/{alert}").json()["status"] == "awaiting_second"
        receipt = f"/log/entries/{said.json()['audit_index']}/receipt"
        assert [client.get(receipt).status_code for client in (first, second)] == [200, 403], "of their own doing"
        again = first.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"})
        assert (again.status_code, site.code(again)) == (409, "already_reviewed")
        # Only a confirmation leaves an alert undecided: that there was one must not show at all.
        assert second.get(f"/alerts/{alert}/reviews").json() == []
        assert second.get(f"/alerts/{alert}").json()["status"] == "open"
        assert [one["status"] for one in second.get("/alerts?status=open").json()] == ["open"]
        assert second.get("/alerts?status=awaiting_second").json() == []
        assert [one["id"] for one in first.get("/alerts?status=awaiting_second").json()] == [alert]
        assert "Canary" in first.get(f"/alerts/{alert}/reviews").text
        assert second.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"}).status_code == 201
        assert [one["verdict"] for one in second.get(f"/alerts/{alert}/reviews").json()] == ["confirm", "confirm"]
        assert [one["id"] for one in second.get("/alerts?status=confirmed").json()] == [alert]
        assert second.get("/alerts?status=open").json() == []
        assert second.get(f"/alerts?before={alert}").json() == []
        colleague = second.get("/sessions/current").json()["account"]["id"]
    seen = site.as_role(Role.AUDITOR, "GET", f"/alerts/{alert}/reviews").json()
    assert [(one["verdict"], one["note"]) for one in seen] == [("confirm", None)] * 2
    reviews = site.as_role(Role.AUDITOR, "GET", "/log/entries?kind=review").json()["entries"]
    assert [entry["body"]["actor"] for entry in reviews] == [
        f"user:{site.accounts[Role.OPERATOR]}",
        f"user:{colleague}",
    ]
    assert "Canary" not in str(reviews)


@pytest.mark.parametrize(
    "body", [{}, {"verdict": "maybe"}, {"verdict": None}, {"verdict": "confirm", "note": "x" * 2001}]
)
def test_malformed_reviews_are_refused(shared_site: Any, body: dict[str, object]) -> None:
    with shared_site.logged_in("operator") as client:
        answer = client.post("/alerts/none/reviews", json=body)
    assert (answer.status_code, shared_site.code(answer)) == (422, "invalid_request")


@pytest.mark.slow
def test_a_token_reviews_nothing(site: Any, astronaut_jpeg: bytes) -> None:
    """An administrator can issue a token of anybody's, and would then be both pairs of eyes."""
    site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    refused = site.as_role(Role.OPERATOR, "POST", f"/alerts/{alert}/reviews", json={"verdict": "confirm"})
    assert (refused.status_code, site.code(refused)) == (403, "session_required")
    assert "Log in" in refused.json()["error"]["remedy"]
    with site.logged_in("administrator") as client:
        refused = client.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"})
        assert (refused.status_code, site.code(refused)) == (403, "permission_denied")
    assert site.as_role(Role.AUDITOR, "GET", f"/alerts/{alert}").json()["status"] == "open"


@pytest.mark.slow
def test_no_page_of_alerts_to_review_misses_one(site: Any, astronaut_jpeg: bytes) -> None:
    """Alerts the colleague has confirmed are open to the operator, and those of their own are not, on every page."""
    site.enrol(astronaut_jpeg)
    alerts = [site.alert(astronaut_jpeg) for _ in range(8)]
    with site.logged_in("operator") as first, site.logged_in(site.colleague()) as second:
        for client, reviewed in ((second, alerts[0:2]), (first, alerts[2:8:2])):
            for alert in reviewed:
                assert client.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"}).status_code == 201
        for status, expected in (("open", [7, 5, 3, 1, 0]), ("awaiting_second", [6, 4, 2])):
            paged, before = [], ""
            while page := first.get(f"/alerts?status={status}&limit=2{before}").json():
                assert {one["status"] for one in page} == {status}
                paged += [one["id"] for one in page]
                before = f"&before={paged[-1]}"
            assert paged == [alerts[number] for number in expected]
    waiting = site.as_role(Role.AUDITOR, "GET", "/alerts?status=awaiting_second").json()
    assert [one["id"] for one in waiting] == [alerts[number] for number in (6, 4, 2, 1, 0)]


@pytest.mark.parametrize(("cameras", "status"), [("*", 201), ("upload", 201), ("none", 404), ("*,none", 404)])
def test_a_consent_names_cameras_there_are(site: Any, astronaut_jpeg: bytes, cameras: str, status: int) -> None:
    files = [("files", ("x.jpg", astronaut_jpeg))]
    made = site.as_role(Role.OPERATOR, "POST", "/subjects", data=site.consent(cameras=cameras), files=files)
    assert made.status_code == status, made.text
    subject = made.json()["subject"]["id"] if status == 201 else site.enrol(astronaut_jpeg)
    new = {"purpose": "two", "cameras": cameras.split(","), "valid_until": LATER, "evidence_digest": EVIDENCE}
    granted = site.as_role(Role.OPERATOR, "POST", f"/subjects/{subject}/consents", json=new)
    assert granted.status_code == status, granted.text
    if status == 404:
        assert site.code(made) == site.code(granted) == "camera_unknown"


def test_cameras_are_told_at_once_of_whom_they_may_not_know_any_more(
    site: Any, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(site.service.supervisor, "forget", forgotten.append)
    subject = site.enrol(astronaut_jpeg)
    consent = site.as_role(Role.OPERATOR, "GET", f"/subjects/{subject}/consents").json()[0]["id"]
    assert site.as_role(Role.OPERATOR, "DELETE", f"/consents/{consent}").status_code == 204
    assert forgotten == [subject]
    assert site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}").status_code == 204
    assert forgotten == [subject, subject]


def test_pictures_of_the_withdrawn_are_gone(site: Any, astronaut_jpeg: bytes) -> None:
    subject = site.enrol(astronaut_jpeg)
    alert = site.alert(astronaut_jpeg)
    assert site.as_role(Role.OPERATOR, "DELETE", f"/subjects/{subject}").status_code == 204
    for picture in ("probe", "reference"):
        answer = site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}/{picture}.jpg")
        assert (answer.status_code, site.code(answer)) == (410, "alert_picture_gone")
    assert site.as_role(Role.OPERATOR, "GET", f"/alerts/{alert}").json()["subject_name"] is None


@pytest.mark.slow
def test_a_purpose_that_nobody_searches_for_is_warned_of(site: Any, astronaut_jpeg: bytes) -> None:
    site.service.cameras.add(name="Lobby", address="rtsp://192.168.1.20:554/1", purpose="lobby", actor="cli:test")
    files = [("files", ("x.jpg", astronaut_jpeg))]

    def enrolled(**fields: str) -> list[str]:
        answer = site.as_role(Role.OPERATOR, "POST", "/subjects", data=site.consent(**fields), files=files).json()
        return [warning["code"] for warning in answer["warnings"]]

    def granted(purpose: str) -> list[str]:
        [subject] = site.as_role(Role.OPERATOR, "GET", "/subjects").json()
        until = site.consent()["valid_until"]
        body = {"purpose": purpose, "cameras": ["*"], "valid_until": until, "evidence_digest": "ab" * 32}
        answer = site.as_role(Role.OPERATOR, "POST", f"/subjects/{subject['id']}/consents", json=body).json()
        return [warning["code"] for warning in answer["warnings"]]

    def searched(purpose: str) -> list[str]:
        asked = {"data": {"purpose": purpose}, "files": {"file": ("x.jpg", astronaut_jpeg)}}
        answer = site.as_role(Role.OPERATOR, "POST", "/identifications", **asked).json()
        return [warning["code"] for warning in answer["warnings"]]

    assert site.as_role(Role.OPERATOR, "GET", "/purposes").json() == ["lobby"]
    assert enrolled(purpose="loby") == ["purpose_unused"]
    assert granted("canteen") == ["purpose_unused"]
    assert granted("lobby") == []
    assert searched("visitors") == ["nobody_in_scope"]
    assert site.as_role(Role.OPERATOR, "GET", "/purposes").json() == ["lobby", "visitors"]
    assert granted("visitors") == []
    assert searched("visitors") == []
