"""Logging in, cookies, CSRF, tokens, and what of them can be seen anywhere."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.logins import Attempt, LoginRefusedError
from api.permission import Role
from api.slots import Slots
from api.throttle import TooManyLoginsError

PASSWORD = "correct horse battery staple"


def _log_in(client: httpx.Client, name: str = "operator", password: str = PASSWORD) -> httpx.Response:
    return client.post("/sessions", json={"name": name, "password": password})


def test_login_gives_a_strict_cookie_and_its_writes_need_csrf(site: Any) -> None:
    with site.client() as client:
        answer = _log_in(client)
        assert answer.status_code == 201
        assert answer.json()["account"]["role"] == "operator"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/sessions/current").json()["csrf"] == answer.json()["csrf"]
        for wrong in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": "é".encode("latin-1")}):
            refused = client.delete("/sessions/current", headers=wrong)
            assert (refused.status_code, site.code(refused)) == (403, "csrf")
        secret = client.cookies["clearglass_session"]
        assert client.delete("/sessions/current", headers={"X-CSRF-Token": answer.json()["csrf"]}).status_code == 204
        client.cookies.set("clearglass_session", secret)
        assert client.get("/sessions/current").status_code == 401


def test_cookie_is_secure_where_tls_ends_in_front(open_site: Any, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", secure_cookies=True):
        with site.client() as client:
            assert "secure" in _log_in(client).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("name", "password"),
    [("operator", "wrong password"), ("nobody", PASSWORD), ("operator", "x" * 256), ("Operator", PASSWORD)],
)
def test_a_login_that_fails_says_not_why(site: Any, name: str, password: str) -> None:
    with site.client() as client:
        answer = _log_in(client, name, password)
        assert (answer.status_code, site.code(answer)) == (401, "login_refused")
        assert answer.json()["error"]["message"] == "Name and password do not fit."
        assert "set-cookie" not in answer.headers


def test_guessing_has_to_wait_even_with_the_right_password_at_last(open_site: Any, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=3):
        with site.client() as client:
            for _ in range(3):
                assert _log_in(client, password="wrong password").status_code == 401
            size = site.service.matcher.log.size()
            answer = _log_in(client)
            assert (answer.status_code, site.code(answer)) == (429, "too_many_logins")
            assert int(answer.headers["retry-after"]) > 0
            assert site.service.matcher.log.size() == size
            assert _log_in(client, "auditor").status_code == 201


def test_guessing_one_name_from_many_addresses_has_to_wait_too(open_site: Any, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=1):
        logins = site.service.logins
        for number in range(10):
            with pytest.raises(LoginRefusedError):
                logins.log_in("operator", Attempt(password="wrong password", client=f"10.0.0.{number}"))
        with pytest.raises(TooManyLoginsError):
            logins.log_in("operator", Attempt(password=PASSWORD, client="10.0.0.99"))
        assert logins.log_in("auditor", Attempt(password=PASSWORD, client="10.0.0.99")).account.name == "auditor"


def test_an_address_that_has_used_up_its_attempts_uses_up_no_name(open_site: Any, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=1):
        logins = site.service.logins
        for number in range(10):
            with pytest.raises(LoginRefusedError):
                logins.log_in(f"nobody{number}", Attempt(password="wrong password", client="10.0.0.1"))
        for _ in range(10):
            with pytest.raises(TooManyLoginsError):
                logins.log_in("operator", Attempt(password="wrong password", client="10.0.0.1"))
        assert logins.log_in("operator", Attempt(password=PASSWORD, client="10.0.0.2")).account.name == "operator"


@pytest.mark.parametrize(("proxies", "last"), [(None, 429), ("127.0.0.1", 401)])
def test_where_a_request_comes_from_is_believed_of_named_proxies_only(
    open_site: Any, tmp_path: Path, proxies: str | None, last: int
) -> None:
    for site in open_site(tmp_path / "data", login_attempts=2, trusted_proxies=proxies):
        with site.client() as client:
            statuses = []
            for number in range(3):
                client.headers["X-Forwarded-For"] = f"10.0.0.{number}"
                statuses.append(_log_in(client, password="wrong password").status_code)
        assert statuses == [401, 401, last]


def test_a_crowd_at_the_login_is_sent_away_and_not_counted(
    open_site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots("logins", at_once=1, seconds=0.01)
    monkeypatch.setattr("api.passwords._HASHING", slots)
    for site in open_site(tmp_path / "data", login_attempts=1):
        with site.client() as client:
            with slots.taken():
                for _ in range(3):
                    answer = _log_in(client)
                    assert (answer.status_code, site.code(answer)) == (503, "busy")
                    assert int(answer.headers["retry-after"]) > 0
            assert _log_in(client).status_code == 201


def test_sessions_and_tokens_end(open_site: Any, tmp_path: Path) -> None:
    moment = datetime.now(UTC)
    for site in open_site(tmp_path / "data", session_hours=1):
        accounts, logins = site.service.accounts, site.service.logins
        session = logins.log_in("operator", Attempt(password=PASSWORD, client="test"))
        issued = accounts.issue_token(site.accounts[Role.AUDITOR], name="x", days=1, actor="cli:test")
        assert logins.by_session(session.secret) is not None
        logins._clock = lambda: moment + timedelta(hours=2)
        assert logins.by_session(session.secret) is None
        assert logins.by_token(issued.secret) is not None
        logins._clock = lambda: moment + timedelta(days=1, minutes=1)
        assert logins.by_token(issued.secret) is None


def test_a_token_works_until_it_is_revoked_and_needs_no_csrf(site: Any) -> None:
    with site.client(Role.ADMINISTRATOR) as admin:
        made = admin.post(f"/accounts/{site.accounts[Role.AUDITOR]}/tokens", json={"name": "report"})
        assert made.status_code == 201
        headers = {"Authorization": f"Bearer {made.json()['secret']}"}
        with httpx.Client(base_url=f"{site.address}/api/v1", headers=headers, verify=False, timeout=60) as holder:
            assert holder.get("/sessions/current").json()["account"]["role"] == "auditor"
            assert admin.delete(f"/tokens/{made.json()['token']['id']}").status_code == 204
            assert holder.get("/sessions/current").status_code == 401
        assert made.json()["secret"] not in admin.get(f"/accounts/{site.accounts[Role.AUDITOR]}/tokens").text
        unknown = admin.delete("/tokens/none")
        assert (unknown.status_code, site.code(unknown)) == (404, "token_unknown")


def test_closing_an_account_closes_every_way_in(site: Any) -> None:
    with site.client() as browser, site.client(Role.ADMINISTRATOR) as admin:
        assert _log_in(browser).status_code == 201
        assert admin.delete(f"/accounts/{site.accounts[Role.OPERATOR]}").status_code == 204
        assert browser.get("/sessions/current").status_code == 401
        assert _log_in(browser).status_code == 401
        assert site.as_role(Role.OPERATOR, "GET", "/cameras").status_code == 401
        refused = admin.post(f"/accounts/{site.accounts[Role.OPERATOR]}/tokens", json={"name": "back door"})
        assert refused.status_code == 404


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer  x", "Basic b3BlcmF0b3I6eA==", "bearer cgt_x", "Bearer \xff\xfe", "x" * 5000]
)
def test_hostile_authorization_is_nobody(shared_site: Any, header: str) -> None:
    answer = httpx.get(
        f"{shared_site.address}/api/v1/cameras",
        headers=[(b"Authorization", header.encode("latin-1"))],
        verify=False,
        timeout=60,
    )
    assert (answer.status_code, shared_site.code(answer)) == (401, "authentication_required")


def test_accounts_are_made_with_good_passwords_and_free_names(site: Any) -> None:
    with site.client(Role.ADMINISTRATOR) as admin:
        new = {"name": "ada", "password": "short", "role": "operator"}
        weak = admin.post("/accounts", json=new)
        assert (weak.status_code, site.code(weak)) == (422, "weak_password")
        assert admin.post("/accounts", json=new | {"password": PASSWORD}).status_code == 201
        unprintable = admin.post("/accounts", json=new | {"password": PASSWORD, "name": "a\0b"})
        assert (unprintable.status_code, site.code(unprintable)) == (422, "account_invalid")
        taken = admin.post("/accounts", json=new | {"password": PASSWORD})
        assert (taken.status_code, site.code(taken)) == (409, "account_exists")
        assert [account["name"] for account in admin.get("/accounts").json()].count("ada") == 1


def test_no_secret_is_kept_or_shown(open_site: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Canary passwords, tokens and session secrets: in no file, no log entry, no answer, no metric."""
    folder = tmp_path / "data"
    canary = "canary-%21@:/#-password"
    secrets = [canary, PASSWORD]
    shown = []
    for site in open_site(folder):
        secrets += site.tokens.values()
        with site.client(Role.ADMINISTRATOR) as admin:
            admin.post("/accounts", json={"name": "ada", "password": canary, "role": "operator"})
            shown.append(admin.post("/accounts", json={"name": "ada", "password": canary, "role": "operator"}).text)
            shown.append(admin.post("/accounts", json={"name": "", "password": canary, "role": "king"}).text)
            shown.append(
                admin.post(
                    "/accounts",
                    content=f'{{"password": "{canary}"'.encode(),
                    headers={"Content-Type": "application/json"},
                ).text
            )
            shown.append(admin.post("/sessions", json={"name": canary, "password": canary}).text)
            shown.append(admin.post("/sessions", json={"name": "ada", "password": [canary]}).text)
            browser = admin.post("/sessions", json={"name": "ada", "password": canary})
            secrets.append(browser.cookies["clearglass_session"])
            shown += [admin.get(path).text for path in ("/accounts", "/log/entries?limit=1000", "/sessions/current")]
            shown.append(httpx.get(f"{site.address}/metrics", verify=False, timeout=60).text)
        with sqlite3.connect(folder / "clearglass.sqlite3") as database:
            kept = database.execute("select password_hash from account").fetchall()
            assert all(row[0].startswith("$argon2id$") for row in kept)
        database.close()
        files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    shown += [record.getMessage() for record in caplog.records]
    for secret in secrets:
        assert not [text for text in shown if secret in text], secret[:12]
        assert not [data for data in files if secret.encode() in data], secret[:12]
