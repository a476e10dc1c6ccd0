"""Passwords: which are refused, who changes them, what must be done with one that somebody else set."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.account import Account
from api.access.logins import Attempt
from api.access.passwords import hash_password
from api.permission import Role
from api.service import Service
from api.settings import ApiSettings
from ingest.settings import IngestSettings
from matcher.log.entry import EntryKind
from matcher.recognition.recogniser import Recogniser
from matcher.settings import MatcherSettings
from tests.api.conftest import CHEAP, OpenSite, Site
from tests.empty_folder import empty_folder

PASSWORD = "correct horse battery staple"
NEW = "seven green lanterns at noon"


def entries(site: Site, *kinds: EntryKind) -> list[dict[str, Any]]:
    """What the log's entries of these kinds say, the newest first."""
    return [dict(entry.body) for entry in site.service.matcher.log.entries(kinds=kinds, newest_first=True)]


def log_in(site: Site, name: str, password: str) -> httpx.Response:
    with site.client() as client:
        return client.post("/sessions", json={"name": name, "password": password})


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("fourteen chars", "has 14 characters"),
        ("x" * 257, "has 257 characters"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("passwordpassword", "common"),
        ("qwertyuiopasdfgh", "common"),
        ("iloveyouiloveyou1", "common"),
        ("Ada.Lovelace-2026", "name"),
        ("ClearGlassClearGlass1", "name"),
        ("ada.lovelaceclearglass", "name"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused_with_the_reason(shared_site: Site, password: str, why: str) -> None:
    new = {"name": "ada.lovelace", "password": password, "role": "operator"}
    answer = shared_site.as_role(Role.ADMINISTRATOR, "POST", "/accounts", json=new)
    if len(password) > 256:
        assert shared_site.code(answer) == "invalid_request"
        return
    assert (answer.status_code, shared_site.code(answer)) == (422, "weak_password")
    assert why in answer.json()["error"]["message"]
    assert password not in answer.text


@pytest.mark.parametrize("signs", ["4@8({[<369!|10$57+%2", "a4@8({[<369&#!/|0$57+t%2 \u0664\u00b2"])
def test_whatever_a_password_is_it_is_judged_in_a_moment(site: Site, signs: str) -> None:
    """zxcvbn alone takes minutes for these, and refuses to look at long ones."""
    account = site.accounts[Role.RESEARCHER]
    password = (signs * 20)[:256]
    began = time.process_time()
    answer = site.as_role(Role.ADMINISTRATOR, "PUT", f"/accounts/{account}/password", json={"password": password})
    assert answer.status_code in {204, 422}
    assert time.process_time() - began < 10  # seconds of this process, which is the service's too


@pytest.mark.slow
def test_the_owner_changes_it_and_other_sessions_end(site: Site) -> None:
    with site.logged_in("operator") as here, site.logged_in("operator") as elsewhere:
        wrong = here.put("/account/password", json={"password": "wrong", "new": NEW})
        assert (wrong.status_code, site.code(wrong)) == (403, "proof_refused")
        same = here.put("/account/password", json={"password": PASSWORD, "new": PASSWORD})
        assert (same.status_code, site.code(same)) == (422, "same_password")
        weak = here.put("/account/password", json={"password": PASSWORD, "new": "operator operator"})
        assert (weak.status_code, site.code(weak)) == (422, "weak_password")
        assert elsewhere.get("/sessions/current").status_code == 200
        assert here.put("/account/password", json={"password": PASSWORD, "new": NEW}).status_code == 204
        assert here.get("/sessions/current").status_code == 200
        assert elsewhere.get("/sessions/current").status_code == 401
    assert log_in(site, "operator", PASSWORD).status_code == 401
    assert log_in(site, "operator", NEW).status_code == 201
    said = entries(site, EntryKind.CREDENTIAL)[0]
    actor = f"user:{site.accounts[Role.OPERATOR]}"
    assert said["action"] == "password_changed"
    assert (said["account"], said["actor"]) == (site.accounts[Role.OPERATOR], actor)
    assert said["via"].startswith("session:")


def test_a_token_changes_no_password(shared_site: Site) -> None:
    answer = shared_site.as_role(Role.OPERATOR, "PUT", "/account/password", json={"password": PASSWORD, "new": NEW})
    assert (answer.status_code, shared_site.code(answer)) == (403, "session_required")


@pytest.mark.slow
def test_guessing_the_present_password_in_an_open_session_has_to_wait(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=2):
        with site.logged_in("operator") as client:
            statuses = [
                client.put("/account/password", json={"password": "wrong", "new": NEW}).status_code for _ in range(3)
            ]
            assert statuses == [403, 403, 429]


@pytest.mark.slow
def test_one_that_an_administrator_set_lets_in_to_change_it_and_for_nothing_else(site: Site) -> None:
    account = site.accounts[Role.OPERATOR]
    with site.client(Role.ADMINISTRATOR) as admin, site.logged_in("operator") as before:
        assert admin.put(f"/accounts/{account}/password", json={"password": NEW}).status_code == 204
        assert before.get("/sessions/current").status_code == 401
        assert {one["name"]: one["must_change"] for one in admin.get("/accounts").json()}["operator"] is True
    said = entries(site, EntryKind.CREDENTIAL)[0]
    assert (said["action"], said["account"]) == ("password_set", account)
    assert said["actor"] == f"user:{site.accounts[Role.ADMINISTRATOR]}"
    assert said["via"].startswith("token:")
    with site.client() as client:
        answer = client.post("/sessions", json={"name": "operator", "password": NEW})
        assert (answer.status_code, answer.json()["duty"]) == (201, "password")
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        for method, path in (
            ("GET", "/cameras"),
            ("GET", "/subjects"),
            ("POST", "/identifications"),
            ("GET", "/account/second-factor"),
            ("POST", "/account/second-factor"),
        ):
            refused = client.request(method, path)
            assert (refused.status_code, site.code(refused)) == (403, "password_change_required"), path
        page = client.get(f"{site.address}/people")
        assert (page.status_code, page.headers["location"]) == (303, "/account")
        assert client.get("/sessions/current").json()["duty"] == "password"
        same = client.put("/account/password", json={"password": NEW, "new": NEW})
        assert site.code(same) == "same_password"
        own = "nobody else knows this one"
        assert client.put("/account/password", json={"password": NEW, "new": own}).status_code == 204
        assert client.get("/sessions/current").json()["duty"] is None
        assert client.get("/cameras").status_code == 200


@pytest.mark.slow
def test_a_new_account_starts_with_a_password_to_be_changed(site: Site) -> None:
    new = {"name": "grace", "password": NEW, "role": "auditor"}
    assert site.as_role(Role.ADMINISTRATOR, "POST", "/accounts", json=new).json()["must_change"] is True
    assert log_in(site, "grace", NEW).json()["duty"] == "password"


def test_one_with_a_password_to_be_changed_may_log_out(site: Site) -> None:
    site.service.accounts.set_password(site.accounts[Role.AUDITOR], NEW, actor="cli:test")
    with site.client() as client:
        csrf = client.post("/sessions", json={"name": "auditor", "password": NEW}).json()["csrf"]
        assert client.delete("/sessions/current", headers={"X-CSRF-Token": csrf}).status_code == 204


def test_a_password_is_hashed_at_the_cost_that_rfc_9106_recommends(tmp_path: Path, recogniser: Recogniser) -> None:
    from api.access.account_store import select_login

    settings = MatcherSettings(folder=empty_folder(tmp_path / "data"))
    with Service.open(matcher=settings, ingest=IngestSettings(), api=ApiSettings(), recogniser=recogniser) as service:
        service.accounts.create(name="ada", password=PASSWORD, role=Role.OPERATOR)
        with service.matcher.database.reading() as connection:
            found = select_login(connection, "ada")
    assert found is not None
    assert found[1].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_from_before_the_rules_still_lets_in(site: Site) -> None:
    from api.access.account_store import update_password

    short = "old-9-chars"
    with site.service.matcher.database.writing() as connection:
        update_password(connection, site.accounts[Role.OPERATOR], hash_password(short, CHEAP), must_change=False)
    session = site.service.logins.log_in("operator", Attempt(password=short, client="test"))
    assert isinstance(session.account, Account)
    assert session.duty is None


@pytest.mark.parametrize(
    "alike",
    [
        "Administrator",
        "ADMINISTRATOR",
        "аdministrator",  # a Cyrillic a
        "administratοr",  # a Greek o
        "ａｄｍｉｎｉｓｔｒａｔｏｒ",
        "adrninistrator",
        "admInIstrator",
        "𝐚dministrator",
    ],
)
def test_a_name_that_looks_like_anothers_is_refused(shared_site: Site, alike: str) -> None:
    new = {"name": alike, "password": NEW, "role": "operator"}
    answer = shared_site.as_role(Role.ADMINISTRATOR, "POST", "/accounts", json=new)
    assert (answer.status_code, shared_site.code(answer)) == (409, "account_look_alike")
    assert "'administrator'" in answer.json()["error"]["message"]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [("Max", "max"), ("Ian", "lan"), ("ada1", "adal"), ("adm1n", "admln")])
def test_names_that_look_alike_in_one_spelling_only_are_refused_both_ways(site: Site, first: str, second: str) -> None:
    for one, other in ((first, second), (second + "x", first + "x")):
        new = {"name": one, "password": NEW, "role": "operator"}
        with site.client(Role.ADMINISTRATOR) as admin:
            assert admin.post("/accounts", json=new).status_code == 201
            assert site.code(admin.post("/accounts", json=new | {"name": other})) == "account_look_alike"


@pytest.mark.slow
def test_names_that_differ_to_the_eye_are_all_taken(site: Site) -> None:
    with site.client(Role.ADMINISTRATOR) as admin:
        for name in ("ada", "ádá", "grace", "gräce", "李小龙", "李小竜", "Анна", "Hanna", "o'brien", "operator 2"):
            assert admin.post("/accounts", json={"name": name, "password": NEW, "role": "operator"}).status_code == 201


def test_the_last_administrator_stays(site: Site) -> None:
    own = site.accounts[Role.ADMINISTRATOR]
    with site.client(Role.ADMINISTRATOR) as admin:
        refused = admin.delete(f"/accounts/{own}")
        assert (refused.status_code, site.code(refused)) == (409, "last_administrator")
        assert "another administrator" in refused.json()["error"]["remedy"]
        assert admin.get("/accounts").status_code == 200
        second = admin.post("/accounts", json={"name": "grace", "password": NEW, "role": "administrator"}).json()["id"]
        assert admin.delete(f"/accounts/{own}").status_code == 204
        assert admin.get("/accounts").status_code == 401
    assert site.service.accounts.get(second).disabled_at is None
    assert site.service.accounts.get(own).disabled_at is not None
