"""The log over HTTP: pages, the record of reading it, its verification."""

import base64
import hashlib
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api.permission import Role
from matcher.audit.receipt import Receipt
from matcher.log.schema import violation
from tests.matcher.log.bodies import MOMENT
from tests.matcher.log.kept_log import KeptLog

pytestmark = pytest.mark.slow


def test_reading_is_logged_once_for_each_request_before_it(site: Any) -> None:
    before = site.service.matcher.log.size()
    with site.client(Role.AUDITOR) as client:
        client.get("/log/entries?limit=1")
        client.get("/log/entries/0")
        client.get("/log/entries/999999")
        client.get("/log/verification")
        newest = client.get("/log/entries?newest=true&limit=4").json()
    assert newest["size"] == before + 4
    assert [entry["kind"] for entry in newest["entries"]] == ["log_read"] * 4
    assert {entry["body"]["actor"] for entry in newest["entries"]} == {f"user:{site.accounts[Role.AUDITOR]}"}
    assert newest["entries"][0]["body"]["read"]["newest"] is True


def test_pages_hold_every_entry_once_though_reading_makes_new_ones(site: Any) -> None:
    for number in range(25):
        site.service.accounts.issue_token(site.accounts[Role.OPERATOR], name=str(number), actor="cli:test")
    size = site.service.matcher.log.size()
    with site.client(Role.AUDITOR) as client:
        forward, start = [], 0
        while start is not None and start < size:
            page = client.get(f"/log/entries?start={start}&limit=7").json()
            forward += [entry["index"] for entry in page["entries"]]
            start = page["next"]
        assert forward[:size] == list(range(size))
        backward, before = [], size
        while before is not None:
            page = client.get(f"/log/entries?newest=true&before={before}&limit=7").json()
            backward += [entry["index"] for entry in page["entries"]]
            before = page["next"]
        assert backward == list(reversed(range(size)))
        kinds = client.get("/log/entries?kind=account&kind=start&limit=1000").json()["entries"]
        assert {entry["kind"] for entry in kinds} == {"account", "start"}


def test_an_auditor_can_check_a_leaf_with_tools_of_their_own(site: Any) -> None:
    with site.client(Role.AUDITOR) as client:
        entry = client.get("/log/entries/0").json()
        leaf = json.loads(base64.b64decode(entry["leaf"]))
        assert leaf["kind"] == entry["kind"]
        assert leaf["version"] == entry["version"] == 2
        assert leaf["body"] == entry["body"]
        checkpoint = client.get(f"{site.address}/log/checkpoint")
        assert checkpoint.headers["content-type"].startswith("text/plain")
        size, root = checkpoint.text.splitlines()[1:3]
        leaves = [base64.b64decode(one["leaf"]) for one in client.get("/log/entries?limit=1000").json()["entries"]]
        assert base64.b64encode(_root(leaves[: int(size)])).decode() == root


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, written again."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def test_entries_of_version_1_are_given_in_the_form_of_version_2(open_site: Any, tmp_path: Path) -> None:
    kept = KeptLog()
    kept.restore(tmp_path / "data")
    for site in open_site(tmp_path / "data"):
        with site.client(Role.AUDITOR) as client:
            assert client.get("/log/verification").json()["verified"]
            entries = client.get("/log/entries?limit=1000").json()["entries"]
            searches = client.get("/log/searches?limit=1000").json()["searches"]
            receipt = client.get(f"/log/entries/{kept.expected['receipt']}/receipt").text
        assert [entry["version"] for entry in entries[: len(list(kept.leaves()))]] == [1] * kept.expected["entries"]
        assert entries[-1]["version"] == 2
        for entry in entries:
            leaf = {"version": 2, "time": entry["time"], "kind": entry["kind"], "body": entry["body"], "salt": "0" * 32}
            departs = violation(json.dumps(leaf | {"time": MOMENT}).encode())
            assert departs is None or "evidence_commitment" in departs, (entry, departs)
        assert [one["request_index"] for one in searches] == [one["request_index"] for one in kept.expected["searches"]]
        assert Receipt.parse(receipt).data == list(kept.leaves())[kept.expected["receipt"]]


def test_verification_is_made_once_for_each_size(site: Any, monkeypatch: Any) -> None:
    import api.routers.log as router

    made = []
    verify = router.verify_log
    monkeypatch.setattr(router, "verify_log", lambda *given: made.append(1) or verify(*given))
    for _ in range(3):
        report = site.as_role(Role.RESEARCHER, "GET", "/log/verification").json()
    assert report["verified"] is True
    assert report["problems"] == []
    assert report["entries"] == site.service.matcher.log.size()
    assert len(made) == 1
    site.as_role(Role.AUDITOR, "GET", "/log/entries/0")
    site.as_role(Role.RESEARCHER, "GET", "/log/verification")
    assert len(made) == 2


def test_while_one_check_runs_others_get_the_last_report_and_hold_no_thread(site: Any, monkeypatch: Any) -> None:
    import api.routers.log as router

    begun, go_on = threading.Event(), threading.Event()
    verify = router.verify_log

    def slow(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return verify(*given)

    def ask() -> Any:
        return site.as_role(Role.RESEARCHER, "GET", "/log/verification")

    def ask_during_a_check() -> tuple[Any, Any]:
        begun.clear()
        go_on.clear()
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(ask)
            try:
                assert begun.wait(30)
                meanwhile = ask()
            finally:
                go_on.set()
            return first.result(), meanwhile

    monkeypatch.setattr(router, "verify_log", slow)
    first, meanwhile = ask_during_a_check()
    assert first.json()["verified"] is True
    assert (meanwhile.status_code, site.code(meanwhile)) == (429, "log_check_running")
    assert int(meanwhile.headers["retry-after"]) > 0
    site.as_role(Role.AUDITOR, "GET", "/log/entries/0")
    second, meanwhile = ask_during_a_check()
    assert meanwhile.json() == first.json()
    assert second.json()["entries"] == first.json()["entries"] + 1


def test_checks_of_the_log_are_counted_as_searches(open_site: Any, tmp_path: Any) -> None:
    for site in open_site(tmp_path / "data", searches_per_minute=2):
        statuses = [site.as_role(Role.RESEARCHER, "GET", "/log/verification").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert site.as_role(Role.RESEARCHER, "GET", "/sessions/current").status_code == 200


def test_a_changed_entry_is_told(site: Any) -> None:
    with sqlite3.connect(site.service.matcher.database.folder / "clearglass.sqlite3") as database:
        database.execute("update audit_entry set data = replace(data, 'operator', 'nobodys!') where kind = 'account'")
    database.close()
    report = site.as_role(Role.AUDITOR, "GET", "/log/verification").json()
    assert report["verified"] is False
    assert report["problems"][0]["index"] >= 0
    assert set(report["problems"][0]) == {"index", "code", "what"}


def test_an_auditor_has_a_decision_made_again_with_real_faces(site: Any, astronaut_jpeg: bytes) -> None:
    site.enrol(astronaut_jpeg)
    files = {"file": ("x.jpg", astronaut_jpeg)}
    found = site.as_role(Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files=files).json()
    index = found["request_index"]
    replay = site.as_role(Role.AUDITOR, "GET", f"/log/entries/{index}/replay").json()
    assert (replay["verdict"], replay["findings"]) == ("equal", [])
    [retold] = replay["retold"]
    assert retold["mated"] is True
    assert abs(retold["dlib"] - retold["logged"]) < 0.1, "from the JPEG of the face, not the whole picture"
    last = site.service.matcher.log.entries(limit=1, newest_first=True)[0]
    assert last.body["read"] == {"replay": index}
    answer = site.as_role(Role.AUDITOR, "GET", "/log/entries/0/replay")
    assert (answer.status_code, site.code(answer)) == (422, "no_decision")
