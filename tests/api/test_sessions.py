"""Logging in, cookies, CSRF, tokens, and what of them can be seen anywhere."""

import sqlite3
from pathlib import Path

import httpx
import pytest

from api.access.login_metrics import LoginOutcome
from api.access.logins import Attempt, LoginRefusedError
from api.access.throttle import TooManyLoginsError
from api.permission import Role
from api.slots import Slots
from tests.api.conftest import OpenSite, Site

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"


def _log_in(client: httpx.Client, name: str = "operator", password: str = PASSWORD) -> httpx.Response:
    return client.post("/sessions", json={"name": name, "password": password})


def test_login_gives_a_strict_cookie_and_its_writes_need_csrf(site: Site) -> None:
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


def test_cookie_is_secure_where_tls_ends_in_front(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", secure_cookies=True):
        with site.client() as client:
            assert "secure" in _log_in(client).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("name", "password"),
    [("operator", "wrong password"), ("nobody", PASSWORD), ("operator", "x" * 256), ("Operator", PASSWORD)],
)
def test_a_login_that_fails_says_not_why(site: Site, name: str, password: str) -> None:
    with site.client() as client:
        answer = _log_in(client, name, password)
        assert (answer.status_code, site.code(answer)) == (401, "login_refused")
        assert answer.json()["error"]["message"] == "Name and password do not fit."
        assert "set-cookie" not in answer.headers


def test_guessing_has_to_wait_even_with_the_right_password_at_last(open_site: OpenSite, tmp_path: Path) -> None:
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


def test_guessing_one_name_from_many_addresses_has_to_wait_too(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=1):
        logins = site.service.logins
        for number in range(10):
            with pytest.raises(LoginRefusedError):
                logins.log_in("operator", Attempt(password="wrong password", client=f"10.0.0.{number}"))
        with pytest.raises(TooManyLoginsError):
            logins.log_in("operator", Attempt(password=PASSWORD, client="10.0.0.99"))
        assert logins.log_in("auditor", Attempt(password=PASSWORD, client="10.0.0.99")).account.name == "auditor"


def test_an_address_that_has_used_up_its_attempts_uses_up_no_name(open_site: OpenSite, tmp_path: Path) -> None:
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
    open_site: OpenSite, tmp_path: Path, proxies: str | None, last: int
) -> None:
    for site in open_site(tmp_path / "data", login_attempts=2, trusted_proxies=proxies):
        with site.client() as client:
            statuses = []
            for number in range(3):
                client.headers["X-Forwarded-For"] = f"10.0.0.{number}"
                statuses.append(_log_in(client, password="wrong password").status_code)
        assert statuses == [401, 401, last]


def test_a_crowd_at_the_login_is_sent_away_and_counted(
    open_site: OpenSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots("logins", at_once=1, seconds=0.01)
    monkeypatch.setattr("api.access.passwords.HASHING", slots)
    for site in open_site(tmp_path / "data", login_attempts=3):
        with site.client() as client, slots.taken():
            for _ in range(3):
                answer = _log_in(client, password="wrong password")
                assert (answer.status_code, site.code(answer)) == (503, "busy")
                assert int(answer.headers["retry-after"]) > 0
            assert _log_in(client).status_code == 429  # nobody guesses for nothing by coming in a crowd
            metrics = httpx.get(f"{site.address}/metrics").text
        assert 'clearglass_logins_total{outcome="busy"} 3.0' in metrics
        assert 'clearglass_logins_total{outcome="throttled"} 1.0' in metrics


def test_metrics_count_logins_by_how_they_ended(site: Site) -> None:
    def counted() -> set[str]:
        lines = httpx.get(f"{site.address}/metrics").text.splitlines()
        return {line for line in lines if line.startswith("clearglass_logins") and "_created" not in line}

    assert counted() == {f'clearglass_logins_total{{outcome="{outcome}"}} 0.0' for outcome in LoginOutcome}
    with site.client() as client:
        assert _log_in(client, password="wrong password").status_code == 401
        assert _log_in(client, name="nobody").status_code == 401
        assert _log_in(client).status_code == 201
    assert {
        'clearglass_logins_total{outcome="accepted"} 1.0',
        'clearglass_logins_total{outcome="credentials"} 2.0',
    } <= counted()


def test_wrong_logins_do_not_keep_out_a_device_that_has_logged_in_before(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=1):
        with site.client() as known, site.client() as stranger:
            assert _log_in(known).status_code == 201
            for _ in range(11):
                _log_in(stranger, password="wrong password")
            assert _log_in(stranger).status_code == 429
            assert _log_in(known).status_code == 201
            # The cookie is this account's only, and guessing on the known device has to wait as well.
            assert _log_in(known, "auditor", "wrong password").status_code in {401, 429}
            assert _log_in(known, password="wrong password").status_code == 401
            assert _log_in(known).status_code == 429


def test_a_devices_cookie_ends_with_the_password_and_by_itself(open_site: OpenSite, tmp_path: Path) -> None:
    new = "seven green lanterns at noon"
    for site in open_site(tmp_path / "data", login_attempts=1, device_days=90):
        logins, account = site.service.logins, site.accounts[Role.OPERATOR]
        first = logins.log_in("operator", Attempt(password=PASSWORD, client="10.0.0.1")).device

        def attempt(password: str, device: str, client: str = "10.0.0.1") -> Attempt:
            return Attempt(password=password, client=client, devices={account: device})  # noqa: B023

        with pytest.raises(LoginRefusedError):
            logins.log_in("operator", Attempt(password="wrong", client="10.0.0.1"))
        assert logins.log_in("operator", attempt(PASSWORD, first)).account.id == account
        for forged in ("", "x", "..", first[:-1] + ("0" if first[-1] != "0" else "1"), f"ffff{first[4:]}", "é.1.2"):
            with pytest.raises(TooManyLoginsError):
                logins.log_in("operator", attempt(PASSWORD, forged))
        site.service.accounts.set_password(account, new, actor="cli:test")
        with pytest.raises(TooManyLoginsError):
            logins.log_in("operator", attempt(new, first))
        second = logins.log_in("operator", Attempt(password=new, client="10.0.0.2")).device
        assert logins.log_in("operator", attempt(new, second)).account.id == account
        site.clock.move(days=90, minutes=1)
        with pytest.raises(TooManyLoginsError):
            logins.log_in("operator", attempt(new, second))


def test_the_devices_cookie_lasts_and_is_for_nothing_but_the_api(site: Site) -> None:
    with site.client() as client:
        cookies = [text.lower() for text in _log_in(client).headers.get_list("set-cookie")]
    [device] = [text for text in cookies if text.startswith(f"clearglass_device_{site.accounts[Role.OPERATOR]}=")]
    for word in ("httponly", "samesite=strict", "path=/api/v1", f"max-age={90 * 24 * 3600}"):
        assert word in device
    with site.client() as thief:
        thief.headers["Cookie"] = device.partition(";")[0]
        assert thief.get("/sessions/current").status_code == 401


def test_a_session_that_nobody_uses_ends_whatever_its_pages_fetch(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", session_idle_minutes=30):
        with site.logged_in("operator") as client:
            site.clock.move(minutes=29)
            for path in ("/sessions/current", "/cameras", "/alerts", "/subjects"):
                assert client.get(path).status_code == 200
            site.clock.move(minutes=2)
            assert client.get("/cameras").status_code == 401
        for use in (
            lambda: client.post("/sessions/current/use"),
            lambda: client.get(f"{site.address}/people"),  # noqa: B023
            lambda: client.delete("/cameras/none"),
        ):
            with site.logged_in("operator") as client:
                site.clock.move(minutes=29)
                assert use().status_code < 500
                site.clock.move(minutes=29)
                assert client.get("/cameras").status_code == 200
                site.clock.move(minutes=2)
                assert client.get("/cameras").status_code == 401


def test_the_stream_of_events_ends_with_an_idle_session(
    open_site: OpenSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routers.events.BEAT_SECONDS", 0.1)
    for site in open_site(tmp_path / "data"):
        with site.logged_in("operator") as client, client.stream("GET", "/events", timeout=30) as events:
            parts = events.iter_text()
            assert "retry" in next(parts)
            assert ": alive" in next(parts)
            site.clock.move(minutes=31)
            for _ in parts:  # it comes to an end
                pass


def test_sessions_and_tokens_end(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", session_hours=1, session_idle_minutes=600):
        accounts, logins = site.service.accounts, site.service.logins
        session = logins.log_in("operator", Attempt(password=PASSWORD, client="test"))
        issued = accounts.issue_token(site.accounts[Role.AUDITOR], name="x", days=1, actor="cli:test")
        assert logins.by_session(session.secret) is not None
        site.clock.move(hours=2)
        assert logins.by_session(session.secret) is None
        assert logins.by_token(issued.secret) is not None
        site.clock.move(hours=22, minutes=1)
        assert logins.by_token(issued.secret) is None


def test_a_token_works_until_it_is_revoked_and_needs_no_csrf(site: Site) -> None:
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


def test_closing_an_account_closes_every_way_in(site: Site) -> None:
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
def test_hostile_authorization_is_nobody(shared_site: Site, header: str) -> None:
    answer = httpx.get(
        f"{shared_site.address}/api/v1/cameras",
        headers=[(b"Authorization", header.encode("latin-1"))],
        verify=False,
        timeout=60,
    )
    assert (answer.status_code, shared_site.code(answer)) == (401, "authentication_required")


def test_accounts_are_made_with_good_passwords_and_free_names(site: Site) -> None:
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


def test_no_secret_is_kept_or_shown(open_site: OpenSite, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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
