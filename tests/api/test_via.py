"""Entries name the session or token that their actor used."""

from typing import Any

import pytest

from api.permission import Role
from matcher.log.actor import Actor
from matcher.log.entry import EntryKind, encode
from matcher.log.schema import violation
from tests.api.conftest import Site
from tests.matcher.log import bodies


def _newest(site: Site, kind: EntryKind) -> dict[str, Any]:
    return dict(next(iter(site.service.matcher.log.entries(kinds=[kind], newest_first=True))).body)


@pytest.mark.slow
def test_what_an_account_does_names_its_session_or_token(site: Site, astronaut_jpeg: bytes) -> None:
    """With two tokens and a session of one account, each entry names the one used."""
    account = site.accounts[Role.OPERATOR]
    second = site.service.accounts.issue_token(account, name="second", actor="cli:test")
    subject = site.enrol(astronaut_jpeg)
    tokens = site.service.accounts.tokens(account)
    [first] = [token.id for token in tokens if token.id != second.token.id]
    assert _newest(site, EntryKind.ENROLMENT)["via"] == f"token:{first}"
    with site.client() as program:
        program.headers["Authorization"] = f"Bearer {second.secret}"
        asked = {"purpose": "demo"}
        assert program.post("/identifications", data=asked, files={"file": ("a", astronaut_jpeg)}).status_code == 201
    request = _newest(site, EntryKind.REQUEST)
    assert (request["actor"], request["via"]) == (f"user:{account}", f"token:{second.token.id}")
    alert = site.alert(astronaut_jpeg)
    assert "via" not in _newest(site, EntryKind.REQUEST)  # a camera's
    with site.logged_in("operator") as person:
        begun = _newest(site, EntryKind.LOGIN)["via"]
        assert begun.startswith("session:")
        assert person.post(f"/alerts/{alert}/reviews", json={"verdict": "confirm"}).status_code == 201
        assert _newest(site, EntryKind.REVIEW)["via"] == begun
    with site.logged_in("operator") as person:
        again = _newest(site, EntryKind.LOGIN)["via"]
        assert again != begun
        assert person.delete(f"/subjects/{subject}").status_code == 204
        assert _newest(site, EntryKind.WITHDRAWAL)["via"] == again
    found = site.as_role(Role.AUDITOR, "GET", "/log/searches?camera=upload").json()["searches"]
    assert found[0]["via"] == f"token:{second.token.id}"
    assert _newest(site, EntryKind.LOG_READ)["via"].startswith("token:")


@pytest.mark.slow
def test_every_entry_follows_the_schema_with_and_without_via(site: Site) -> None:
    with site.logged_in("administrator") as admin:
        new = {"name": "ada", "password": "seven green lanterns at noon", "role": "operator"}
        assert admin.post("/accounts", json=new).status_code == 201
    entries = list(site.service.matcher.log.entries())
    assert {"via" in entry.body for entry in entries if entry.kind is EntryKind.ACCOUNT} == {True, False}
    assert [violation(entry.data) for entry in entries] == [None] * len(entries)


@pytest.mark.parametrize("via", ["", "session:", "user:one", "session:X", "token:1;2", None, 3])
def test_a_via_of_another_form_is_no_entry_of_this_log(via: object) -> None:
    body = bodies.CAMERA | {"via": via}
    said = violation(encode(bodies.MOMENT, EntryKind.CAMERA, body))
    assert (said is None) == (via is None)


def test_an_actor_is_the_string_it_says_it_is() -> None:
    named = Actor("user:one", via="token:1")
    assert named == "user:one"
    assert {"user:one": 1}[named] == 1
    assert f"{named}" == "user:one"
