"""Groups that people declare over HTTP, and the live evaluation for auditors."""

import json
from pathlib import Path
from typing import Any

from api.permission import Role
from matcher.audit.entry import EntryKind
from matcher.audit.publication import StoredPublication
from matcher.evaluation.groups import read_groups
from matcher.evaluation.published import evaluate_log
from matcher.review import Verdict

OP, A = Role.OPERATOR, Role.AUDITOR


def test_what_a_person_declared_is_kept_shown_to_them_and_forgotten(site: Any, astronaut_jpeg: bytes) -> None:
    path = f"/subjects/{site.enrol(astronaut_jpeg)}/declaration"
    assert site.code(site.as_role(OP, "GET", path)) == "declaration_unknown"
    declared = {"attributes": {"gender": "female", "age": "60+"}}
    made = site.as_role(OP, "PUT", path, json=declared | {"agreed": True})
    assert (made.status_code, made.json()) == (200, declared)
    assert site.as_role(OP, "GET", path).json() == declared
    assert site.code(site.as_role(A, "GET", path)) == "permission_denied"
    assert site.as_role(OP, "DELETE", path).status_code == 204
    assert site.as_role(OP, "DELETE", path).status_code == 404
    for wrong in ({"attributes": {}}, {"attributes": {"age": "x" * 41}}, {"attributes": {"age": 60}}, {"more": 1}):
        assert site.as_role(OP, "PUT", path, json={**declared, "agreed": True, **wrong}).status_code == 422, wrong
    for not_agreed in (declared, declared | {"agreed": False}):
        assert site.as_role(OP, "PUT", path, json=not_agreed).status_code == 422


def test_an_auditor_gets_the_report_and_what_makes_it_again(site: Any, astronaut_jpeg: bytes, tmp_path: Path) -> None:
    subject = site.enrol(astronaut_jpeg)
    site.as_role(
        OP, "PUT", f"/subjects/{subject}/declaration", json={"attributes": {"gender": "female"}, "agreed": True}
    )
    alert = site.alert(astronaut_jpeg)
    site.service.matcher.alerts.review(alert, "user:one", Verdict.REJECT)
    answer = site.as_role(A, "GET", "/log/live", params={"since": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 200, answer.text
    live = answer.json()
    tally = live["report"]["total"]["tally"]
    assert (tally["alerts"], tally["rejected"], live["findings"]) == (1, 1, [])
    assert (live["report"]["declared"], live["report"]["given"]) == (1, 1)
    assert live["report"]["small"] == {"gender": 1}
    file = tmp_path / "groups.json"
    file.write_bytes(site.as_role(A, "GET", "/log/groups").content)
    assert json.loads(file.read_text())["groups"][0]["subject"] == subject
    again = evaluate_log(StoredPublication(site.service.matcher.database), read_groups(file))
    assert again.report.total.tally.rejected == 1 and again.report.given == 1
    reads = [entry.body["read"] for entry in site.service.matcher.log.entries(limit=1000, kinds=[EntryKind.LOG_READ])]
    assert reads == [{"live": {"since": "2026-01-01T00:00:00Z"}}, {"groups": True}]
    assert site.code(site.as_role(OP, "GET", "/log/live")) == "permission_denied"
    assert site.as_role(A, "GET", "/log/live", params={"since": "yesterday"}).status_code == 422
