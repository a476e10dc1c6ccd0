"""Groups that people declare over HTTP, and the live evaluation for auditors."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from api.permission import Role
from api.routers import log_live
from matcher.alerts.review import Verdict
from matcher.evaluation.groups import GroupsError, read_groups
from matcher.evaluation.published import evaluate_log
from matcher.log.entry import EntryKind
from matcher.log.stored_publication import StoredPublication
from matcher.people.declaration import Declaration

pytestmark = pytest.mark.slow

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
    assert live["report"]["small"] == 1 and "gender" not in answer.text
    file = tmp_path / "groups.json"
    with site.logged_in(A.value) as auditor:
        file.write_bytes(auditor.get("/log/groups").content)
    assert json.loads(file.read_text())["groups"][0]["subject"] == subject
    again = evaluate_log(StoredPublication(site.service.matcher.database), read_groups(file))
    assert again.report.total.tally.rejected == 1 and again.report.given == 1
    reads = [entry.body["read"] for entry in site.service.matcher.log.entries(limit=1000, kinds=[EntryKind.LOG_READ])]
    assert reads == [{"live": {"since": "2026-01-01T00:00:00Z"}}, {"groups": True}]
    assert site.code(site.as_role(OP, "GET", "/log/live")) == "permission_denied"
    assert site.as_role(A, "GET", "/log/live", params={"since": "yesterday"}).status_code == 422
    assert site.code(site.as_role(A, "GET", "/log/groups")) == "session_required", (
        "of groups and salts no token is enough"
    )


def test_a_time_that_ends_before_it_begins_is_refused_and_an_empty_one_is_no_year_1970(shared_site: Any) -> None:
    moments = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
    refused = shared_site.as_role(A, "GET", "/log/live", params=moments)
    assert (refused.status_code, shared_site.code(refused)) == (422, "window_invalid")
    report = shared_site.as_role(A, "GET", "/log/live", params={"until": "2001-01-01T00:00:00Z"}).json()["report"]
    assert (report["began"], report["ended"], report["total"]["searches"]) == (None, None, 0)


def test_a_declaration_newer_than_the_published_log_is_left_out(
    site: Any, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = site.enrol(astronaut_jpeg)
    matcher = site.service.matcher
    matcher.declarations.declare(subject, {"age": "60+"}, "user:1")
    published = matcher.declarations.every()
    newer = [Declaration.of(subject, {"age": "18-39"})]
    monkeypatch.setattr(matcher.declarations, "every", lambda: newer)
    answer = site.as_role(A, "GET", "/log/live")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["report"]["declared"], answer.json()["report"]["given"]) == (1, 0)
    with pytest.raises(GroupsError):
        evaluate_log(StoredPublication(matcher.database), newer)
    assert evaluate_log(StoredPublication(matcher.database), published).report.given == 1


def test_one_looks_at_a_time(shared_site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*given: Any, **asked: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return evaluate_log(*given, **asked)

    monkeypatch.setattr(log_live, "evaluate_log", slow)
    answers = []
    first = threading.Thread(target=lambda: answers.append(shared_site.as_role(A, "GET", "/log/live")))
    first.start()
    try:
        assert begun.wait(20)
        second = shared_site.as_role(A, "GET", "/log/live")
    finally:
        go_on.set()
        first.join()
    assert (second.status_code, shared_site.code(second)) == (503, "busy")
    assert [one.status_code for one in answers] == [200]
    assert shared_site.as_role(A, "GET", "/log/live").status_code == 200, "the slot is free again"
