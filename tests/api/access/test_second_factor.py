"""The second factor: how it is set up, asked for, replaced and taken away."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from api.access.logins import Attempt, SecondFactorRefusedError
from api.access.throttle import TooManyLoginsError
from api.permission import Role
from matcher.log.entry import EntryKind
from tests.api.conftest import OpenSite, Site

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"


def entries(site: Site, *kinds: EntryKind) -> list[dict[str, Any]]:
    """What the log's entries of these kinds say, the newest first."""
    return [dict(entry.body) for entry in site.service.matcher.log.entries(kinds=kinds, newest_first=True)]


def log_in(client: httpx.Client, code: str | None = None, name: str = "operator") -> httpx.Response:
    return client.post("/sessions", json={"name": name, "password": PASSWORD, "code": code})


class Device:
    """An app for one-time codes. Each code is of a later step than the one before: no code is accepted twice."""

    def __init__(self, site: Site, secret: str) -> None:
        self.secret = secret
        self.newest = ""
        """The newest code that it has shown."""
        self._site = site

    def code(self) -> str:
        """The code of half a minute later; the site's clock goes on to that time."""
        self._site.clock.move(seconds=30)
        self.newest = self.at(steps=0)
        return self.newest

    def at(self, *, steps: int) -> str:
        """What a device shows whose clock is ahead by this many steps of half a minute."""
        return str(pyotp.TOTP(self.secret).at(self._site.clock() + timedelta(seconds=30 * steps)))


def enrolled(site: Site, name: str = "operator") -> tuple[Device, list[str]]:
    """Sets a second factor up as the page does; the device and the recovery codes."""
    with site.logged_in(name) as client:
        offer = client.post("/account/second-factor", json={"password": PASSWORD})
        assert offer.status_code == 200, offer.text
        device = Device(site, offer.json()["secret"])
        confirmed = client.put("/account/second-factor", json={"code": device.code()})
        assert confirmed.status_code == 200, confirmed.text
        return device, confirmed.json()["recovery_codes"]


def test_a_login_takes_a_code_from_when_one_was_confirmed(site: Site) -> None:
    with site.logged_in("operator") as here, site.logged_in("operator") as elsewhere, site.client() as later:
        assert here.get("/account/second-factor").json() == {"enrolled": False, "required": False, "recovery_codes": 0}
        refused = here.post("/account/second-factor", json={"password": "wrong"})
        assert (refused.status_code, site.code(refused)) == (403, "proof_refused")
        nothing = here.put("/account/second-factor", json={"code": "000000"})
        assert (nothing.status_code, site.code(nothing)) == (422, "code_refused")
        offer = here.post("/account/second-factor", json={"password": PASSWORD}).json()
        assert offer["uri"].startswith("otpauth://totp/Clearglass:operator?")
        assert len({len(row) for row in offer["squares"]} | {len(offer["squares"])}) == 1
        assert log_in(later).status_code == 201  # shown is not yet set up
        device = Device(site, offer["secret"])
        wrong = here.put("/account/second-factor", json={"code": "12345"})
        assert (wrong.status_code, site.code(wrong)) == (422, "code_refused")
        codes = here.put("/account/second-factor", json={"code": device.code()}).json()["recovery_codes"]
        assert len(set(codes)) == 10
        assert here.get("/account/second-factor").json() == {"enrolled": True, "required": False, "recovery_codes": 10}
        assert elsewhere.get("/sessions/current").status_code == 401
    with site.client() as client:
        asked = log_in(client)
        assert (asked.status_code, site.code(asked)) == (401, "second_factor_required")
        assert "set-cookie" not in asked.headers
        used = log_in(client, device.newest)  # the code that confirmed it
        assert (used.status_code, site.code(used)) == (401, "second_factor_refused")
        assert log_in(client, device.code()).status_code == 201
    said = entries(site, EntryKind.CREDENTIAL)[0]
    assert said["action"] == "second_factor_enrolled"
    assert said["via"].startswith("session:")
    login = entries(site, EntryKind.LOGIN)
    assert (login[0]["action"], login[0]["second_factor"]) == ("accepted", "totp")
    assert (login[1]["action"], login[1]["second_factor"]) == ("refused", "wrong")


def test_no_code_is_accepted_twice(site: Site) -> None:
    device, recovery = enrolled(site)
    with site.client() as client:
        code = device.code()
        assert log_in(client, code).status_code == 201
        assert site.code(log_in(client, code)) == "second_factor_refused"
        assert log_in(client, recovery[0].upper().replace("-", " ")).status_code == 201
        assert site.code(log_in(client, recovery[0])) == "second_factor_refused"
        assert entries(site, EntryKind.LOGIN)[1]["second_factor"] == "recovery_code"
        assert log_in(client, recovery[1]).status_code == 201
        assert client.get("/account/second-factor").json()["recovery_codes"] == 8


@pytest.mark.parametrize(("steps", "status"), [(-3, 401), (1, 201), (3, 401)])
def test_the_devices_clock_may_differ_by_one_step(site: Site, steps: int, status: int) -> None:
    device, _ = enrolled(site)
    device.code()
    device.code()
    late = device.at(steps=steps)
    with site.client() as client:
        assert log_in(client, late).status_code == status


def test_guessing_codes_has_to_wait_as_guessing_passwords_does(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=2):
        device, _ = enrolled(site)
        with site.client() as client:
            assert [log_in(client, "000000").status_code for _ in range(3)] == [401, 401, 429]
            assert log_in(client, device.code()).status_code == 429
            metrics = httpx.get(f"{site.address}/metrics").text
            assert 'clearglass_logins_total{outcome="second_factor"} 2.0' in metrics
            assert 'clearglass_logins_total{outcome="throttled"} 2.0' in metrics


def test_guessing_codes_from_many_addresses_has_to_wait_and_a_known_device_has_not(
    open_site: OpenSite, tmp_path: Path
) -> None:
    for site in open_site(tmp_path / "data", login_attempts=3):
        device, _ = enrolled(site)
        logins, account = site.service.logins, site.accounts[Role.OPERATOR]
        known = logins.log_in("operator", Attempt(password=PASSWORD, code=device.code(), client="10.0.0.1")).device
        for number in range(3):
            with pytest.raises(SecondFactorRefusedError):
                logins.log_in("operator", Attempt(password=PASSWORD, code="000000", client=f"10.0.1.{number}"))
        with pytest.raises(TooManyLoginsError):
            logins.log_in("operator", Attempt(password=PASSWORD, code=device.code(), client="10.0.1.99"))
        shown = Attempt(password=PASSWORD, code=device.code(), client="10.0.1.99", devices={account: known})
        assert logins.log_in("operator", shown).account.id == account


def test_asking_whether_there_is_a_second_factor_uses_up_no_attempt(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", login_attempts=1):
        device, _ = enrolled(site)
        with site.client() as client:
            assert {site.code(log_in(client)) for _ in range(3)} == {"second_factor_required"}
            assert log_in(client, device.code()).status_code == 201


def test_another_device_takes_over_only_when_it_has_shown_a_code(site: Site) -> None:
    device, recovery = enrolled(site)
    with site.client() as client:
        client.headers["X-CSRF-Token"] = log_in(client, device.code()).json()["csrf"]
        for proof in ({}, {"code": "000000"}, {"code": device.newest}):
            refused = client.post("/account/second-factor", json={"password": PASSWORD} | proof)
            assert (refused.status_code, site.code(refused)) == (403, "proof_refused"), proof
        offer = client.post("/account/second-factor", json={"password": PASSWORD, "code": device.code()}).json()
        with site.client() as other:
            assert log_in(other, device.code()).status_code == 201  # the first one holds until then
        second = Device(site, offer["secret"])
        answer = client.put("/account/second-factor", json={"code": second.code()})
        assert answer.status_code == 200
    with site.client() as client:
        assert site.code(log_in(client, device.code())) == "second_factor_refused"
        assert site.code(log_in(client, recovery[0])) == "second_factor_refused"
        assert log_in(client, second.code()).status_code == 201


def test_a_password_change_takes_a_code_too(site: Site) -> None:
    device, _ = enrolled(site)
    new = "seven green lanterns at noon"
    with site.client() as client:
        client.headers["X-CSRF-Token"] = log_in(client, device.code()).json()["csrf"]
        assert client.put("/account/password", json={"password": PASSWORD, "new": new}).status_code == 403
        change = {"password": PASSWORD, "new": new, "code": device.code()}
        assert client.put("/account/password", json=change).status_code == 204


def test_a_role_that_must_have_one_does_nothing_without(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", second_factor_roles="administrator, operator"):
        with site.client() as client:
            answer = log_in(client, name="administrator")
            assert (answer.status_code, answer.json()["duty"]) == (201, "second_factor")
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            for path in ("/cameras", "/accounts", "/log/entries"):
                refused = client.get(path)
                assert (refused.status_code, site.code(refused)) == (403, "second_factor_missing"), path
            assert client.get(f"{site.address}/people").headers["location"] == "/account"
            assert client.get("/account/second-factor").json()["required"] is True
            offer = client.post("/account/second-factor", json={"password": PASSWORD}).json()
            code = Device(site, offer["secret"]).code()
            assert client.put("/account/second-factor", json={"code": code}).status_code == 200
            assert client.get("/accounts").status_code == 200
        with site.client() as client:
            assert log_in(client, name="auditor").json()["duty"] is None


def test_an_unknown_role_in_the_setting_is_refused(open_site: OpenSite, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="second_factor_roles"):
        next(open_site(tmp_path / "data", second_factor_roles="king"))


def test_an_administrator_takes_it_away(site: Site) -> None:
    device, _ = enrolled(site)
    account = site.accounts[Role.OPERATOR]
    with site.client() as browser, site.client(Role.ADMINISTRATOR) as admin:
        assert log_in(browser, device.code()).status_code == 201
        assert {one["name"]: one["second_factor"] for one in admin.get("/accounts").json()}["operator"] is True
        assert site.as_role(Role.AUDITOR, "DELETE", f"/accounts/{account}/second-factor").status_code == 403
        assert admin.delete(f"/accounts/{account}/second-factor").status_code == 204
        assert browser.get("/sessions/current").status_code == 401
        assert log_in(browser).status_code == 201
        unknown = admin.delete("/accounts/none/second-factor")
        assert (unknown.status_code, site.code(unknown)) == (404, "account_unknown")
    said = entries(site, EntryKind.CREDENTIAL)[0]
    assert (said["action"], said["account"]) == ("second_factor_reset", account)
    assert said["actor"] == f"user:{site.accounts[Role.ADMINISTRATOR]}"
    assert site.service.second_factors.recovery_codes_left(account) == 0


def test_neither_secret_nor_recovery_code_is_kept_or_logged(open_site: OpenSite, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for site in open_site(folder):
        device, recovery = enrolled(site)
        secret = device.secret
        shown = site.as_role(Role.ADMINISTRATOR, "GET", "/log/entries?limit=1000").text
        shown += site.as_role(Role.ADMINISTRATOR, "GET", "/accounts").text
        files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    for one in (secret, *recovery):
        assert one not in shown
        plain = one.replace("-", "")
        raw = base64.b32decode(plain.upper() + "=" * (-len(plain) % 8))
        assert not [data for data in files if one.encode() in data or plain.encode() in data or raw in data]


def test_a_code_is_taken_once_while_nothing_can_be_written(site: Site) -> None:
    """An administrator who comes to see why the disk is full has a second factor as at any other time."""
    device, recovery_codes = enrolled(site, "administrator")
    database = site.service.matcher.database
    database._busy_seconds = 0.1
    with site.client() as client:
        code = device.code()
        with database.writing():
            assert site.code(log_in(client, recovery_codes[0], "administrator")) == "log_unavailable"
            accepted = log_in(client, code, "administrator")
            assert (accepted.status_code, accepted.json()["emergency"]) == (201, True)
            assert site.code(log_in(client, code, "administrator")) == "log_unavailable"
        assert site.code(log_in(client, code, "administrator")) == "second_factor_refused"
        assert log_in(client, device.code(), "administrator").json()["emergency"] is False
