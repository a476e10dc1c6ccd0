"""What anybody can fetch of the log, and what an auditor can: enough to check it with tools of their own."""

import base64

import httpx
import pytest

from api.permission import Role
from matcher.audit.auditor import audit
from matcher.audit.receipt import Receipt
from matcher.log.entry import EntryKind
from matcher.tlog.bundle import unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import ServedLogError, TileUnknownError
from matcher.tlog.merkle import leaf_hash, verify_consistency
from matcher.tlog.note import Verifier, open_note
from matcher.tlog.served import ServedLog, served_log
from matcher.tlog.tile import Tile
from matcher.tlog.tree import TiledTree
from tests.api.conftest import Site

pytestmark = pytest.mark.slow


def verifier(site: Site) -> Verifier:
    return Verifier.parse(site.service.matcher.log.verifier_key)


def fetch(site: Site, path: str, role: Role | None = None) -> httpx.Response:
    return site.as_role(role, "GET", f"{site.address}/log/{path}")


def checkpoint(site: Site) -> Checkpoint:
    return Checkpoint.parse(open_note(fetch(site, "checkpoint").text, [verifier(site)]))


def hashes(site: Site, tile: Tile) -> bytes:
    answer = fetch(site, tile.path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    return answer.content


def test_a_reader_with_a_checkpoint_sees_without_an_account_that_the_log_only_grew(site: Site) -> None:
    old = checkpoint(site)
    for number in range(300):
        site.service.accounts.issue_token(site.accounts[Role.OPERATOR], name=str(number), actor="cli:test")
    new = checkpoint(site)
    assert new.size == old.size + 300
    tree = TiledTree(new.size, lambda tile: hashes(site, tile))
    assert tree.root() == new.root
    assert verify_consistency(old.size, old.root, new.size, new.root, tree.consistency(old.size))
    answer = fetch(site, "checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


def test_a_proof_leads_from_the_checkpoint_that_was_kept_to_the_newest(site: Site) -> None:
    old = checkpoint(site)
    site.service.accounts.issue_token(site.accounts[Role.OPERATOR], name="one more", actor="cli:test")
    answer = fetch(site, f"consistency?old={old.size}").json()
    new = Checkpoint.parse(open_note(answer["checkpoint"], [verifier(site)]))
    proof = [base64.b64decode(one) for one in answer["proof"]]
    assert (answer["old"], answer["size"]) == (old.size, new.size) == (old.size, old.size + 1)
    assert verify_consistency(old.size, old.root, new.size, new.root, proof)
    assert fetch(site, "consistency?old=0").status_code == 422
    beyond = fetch(site, f"consistency?old={new.size + 1}")
    assert (beyond.status_code, site.code(beyond)) == (404, "entry_unknown")


def test_entries_are_for_those_who_may_read_the_log_and_that_is_logged(site: Site) -> None:
    size = checkpoint(site).size
    path = f"tile/entries/000.p/{size}"
    assert fetch(site, path).status_code == 401
    assert fetch(site, path, Role.OPERATOR).status_code == 403
    answer = fetch(site, path, Role.AUDITOR)
    assert answer.headers["cache-control"] == "no-store"
    entries = unpack_bundle(answer.content, size)
    assert b"".join(map(leaf_hash, entries)) == fetch(site, f"tile/0/000.p/{size}").content
    last = site.service.matcher.log.entries(limit=1, newest_first=True)[0]
    assert (last.kind.value, last.body["read"]) == ("log_read", {"tile": path})


def test_what_there_is_not_is_told_in_the_form_of_every_error(site: Site) -> None:
    size = checkpoint(site).size
    for path in ("tile/0/000", f"tile/0/000.p/{size + 1}", "tile/0/0", "tile/0/%2E%2E/000", "tile/1/000.p/1"):
        answer = fetch(site, path)
        assert (answer.status_code, site.code(answer)) == (404, "tile_unknown"), path
    assert fetch(site, "tile/64/000").status_code == 422
    assert fetch(site, "tile/x/000").status_code == 422
    assert fetch(site, "tile/entries/nothing", Role.AUDITOR).status_code == 404


def test_who_searched_gets_the_receipts_of_the_search_and_no_others(site: Site, astronaut_jpeg: bytes) -> None:
    files = {"file": ("x.jpg", astronaut_jpeg)}
    answer = site.as_role(Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files=files).json()
    for name in ("request", "outcome"):
        index, link = answer[f"{name}_index"], answer[f"{name}_receipt"]
        receipt = site.as_role(Role.OPERATOR, "GET", f"{site.address}{link}")
        assert receipt.status_code == 200, receipt.text
        entry, _ = Receipt.parse(receipt.text).verified(verifier(site))
        assert (entry.index, entry.kind.value) == (index, name)
        assert site.as_role(Role.RESEARCHER, "GET", f"{site.address}{link}").status_code == 403
        assert site.as_role(Role.AUDITOR, "GET", f"{site.address}{link}").status_code == 200
    first = site.as_role(Role.OPERATOR, "GET", "/log/entries/0/receipt")
    assert (first.status_code, site.code(first)) == (403, "permission_denied")


def test_an_auditor_checks_the_log_where_it_is_served(site: Site, astronaut_jpeg: bytes) -> None:
    answer = site.as_role(
        Role.OPERATOR, "POST", "/identifications", data={"purpose": "demo"}, files={"file": ("x.jpg", astronaut_jpeg)}
    )
    assert answer.status_code == 201, answer.text
    address = f"{site.address}/log"
    with served_log(address, site.tokens[Role.AUDITOR]) as log:
        report = audit(log, verifier(site))
    assert report.verified, report.problems
    assert report.kinds[EntryKind.REQUEST] == report.kinds[EntryKind.OUTCOME] == 1
    with served_log(address) as log, pytest.raises(ServedLogError, match="not shown to everybody"):
        audit(log, verifier(site))
    with served_log(f"{site.address}/elsewhere") as log, pytest.raises(TileUnknownError):
        audit(log, verifier(site))
    with served_log("http://127.0.0.1:9") as log, pytest.raises(ServedLogError, match="cannot be read"):
        audit(log, verifier(site))
    with pytest.raises(ServedLogError, match="in the clear"), served_log("http://log.example/log", "secret"):
        pass


def test_a_server_that_is_asked_too_often_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, text="note")]
    waited: list[float] = []
    monkeypatch.setattr("matcher.tlog.served.time.sleep", waited.append)
    with httpx.Client(transport=httpx.MockTransport(lambda request: answers.pop(0)), base_url="http://x") as client:
        assert ServedLog(client).checkpoint() == "note"
    assert waited == [7.0]
    flood = httpx.MockTransport(lambda request: httpx.Response(200, content=bytes(20_000_000)))
    with httpx.Client(transport=flood, base_url="http://x") as client, pytest.raises(ServedLogError, match="longer"):
        ServedLog(client).checkpoint()
    error = httpx.MockTransport(lambda request: httpx.Response(500))
    with httpx.Client(transport=error, base_url="http://x") as client, pytest.raises(ServedLogError, match="500"):
        ServedLog(client).checkpoint()


def test_the_schema_of_entries_is_open_to_everybody(site: Site) -> None:
    assert fetch(site, "schema").json()["title"] == "An entry of Clearglass's log, version 2"
    assert fetch(site, "schema?version=1").json()["title"] == "An entry of Clearglass's log, version 1"
    assert fetch(site, "schema?version=3").status_code == 422
    assert site.as_role(Role.AUDITOR, "GET", "/log/witnesses").json() == []
