"""`clearglass account`: what of accounts can be mended on the data folder, and what the log says of it."""

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest

from api.access.account import Duty
from api.access.logins import Attempt
from api.access.peer import Peer
from api.service import Service
from api.settings import ApiSettings
from ingest.settings import IngestSettings
from matcher.log.actor import Actor
from matcher.recognition.recogniser import Recogniser
from matcher.settings import MatcherSettings

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]
Told = Callable[..., Any]

PASSWORD = "correct horse battery staple"
NEW = "seven green lanterns at noon"


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> tuple[str, Path]:
    """A data folder with an administrator of one's own, ada, and an operator, grace; as the option that names it."""
    data = ("--data", tmp_path / "data")
    for name, role in (("ada", "administrator"), ("grace", "operator")):
        status, _, err = run("account", "add", name, "--role", role, *data, stdin=f"{PASSWORD}\n")
        assert status == 0, err
    return data


def _accounts(told: Told, folder: tuple[str, Path]) -> dict[str, Any]:
    return {one["name"]: one for one in told("account", "list", *folder)}


def _newest(told: Told, folder: tuple[str, Path], kind: str) -> dict[str, Any]:
    return dict(told("audit", "show", "--kind", kind, "--limit", 1, *folder)[0]["body"])


def _opened(folder: tuple[str, Path], recogniser: Recogniser) -> Service:
    settings = MatcherSettings(folder=folder[1])
    return Service.open(matcher=settings, ingest=IngestSettings(), api=ApiSettings(), recogniser=recogniser)


def actor(user: int | None = None) -> Actor:
    principal = Peer(user=os.getuid() if user is None else user).principal
    assert principal is not None
    return principal.actor


def test_the_actor_is_the_processs_user_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "alice")
    assert actor(0) == f"cli:{pwd.getpwuid(0).pw_name}"
    assert actor(0).via == "cli"
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_001)
    assert actor() == "cli:4000000001"


def test_another_user_than_the_services_and_root_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert Peer(user=1001).principal is None
    assert Peer(user=1000).principal is not None and Peer(user=0).principal is not None


def test_a_command_says_in_the_log_that_it_was_one(
    monkeypatch: pytest.MonkeyPatch, folder: tuple[str, Path], told: Told
) -> None:
    monkeypatch.setenv("LOGNAME", "alice")
    said = _newest(told, folder, "account")
    assert (said["actor"], said["via"]) == (actor(), "cli")
    assert told("audit", "verify", *folder)["verified"] is True


def test_the_first_account_is_ones_own_and_the_others_change_their_password(
    folder: tuple[str, Path], told: Told, run: Run
) -> None:
    accounts = _accounts(told, folder)
    assert {name: one["must_change"] for name, one in accounts.items()} == {"ada": False, "grace": True}
    status, out, _ = run("account", "add", "bob", *folder, stdin=f"{PASSWORD}\n")
    assert status == 0
    assert "must be changed at the first login" in out


def test_an_emergency_reset_lets_in_again_and_is_logged(
    folder: tuple[str, Path], told: Told, run: Run, recogniser: Recogniser
) -> None:
    status, out, err = run("account", "password", "ada", *folder, stdin=f"{NEW}\n")
    assert status == 0, err
    assert "must be changed at the next login" in out
    assert NEW not in out + err
    said = _newest(told, folder, "credential")
    assert (said["action"], said["actor"], said["via"]) == ("password_set", actor(), "cli")
    with _opened(folder, recogniser) as service:
        assert service.logins.log_in("ada", Attempt(password=NEW, client="test")).duty is Duty.PASSWORD
    status, _, err = run("account", "password", "ada", *folder, stdin="ada ada ada ada ada\n")
    assert status == 1
    assert "name" in err
    status, _, err = run("account", "password", "nobody", *folder, stdin=f"{NEW}\n")
    assert status == 1
    assert "There is no account 'nobody'" in err


def test_ones_own_password_is_changed_by_showing_the_present_one(
    folder: tuple[str, Path], told: Told, run: Run
) -> None:
    status, _, err = run("account", "password", "grace", "--own", *folder, stdin=f"wrong\n{NEW}\n")
    assert status == 1
    assert "present password is wrong" in err
    status, _, err = run("account", "password", "grace", "--own", *folder, stdin=f"{PASSWORD}\n{NEW}\n")
    assert status == 0, err
    grace = _accounts(told, folder)["grace"]
    assert grace["must_change"] is False
    said = _newest(told, folder, "credential")
    assert (said["action"], said["actor"], said["via"]) == ("password_changed", f"user:{grace['id']}", "cli")


def test_an_account_is_removed_and_the_last_administrator_is_not(
    folder: tuple[str, Path], told: Told, run: Run
) -> None:
    assert told("account", "remove", "grace", *folder)["disabled_at"] is not None
    said = _newest(told, folder, "account")
    assert (said["action"], said["actor"]) == ("disabled", actor())
    status, _, err = run("account", "remove", "ada", *folder)
    assert status == 1
    assert "last administrator" in err
    assert _accounts(told, folder)["ada"]["disabled_at"] is None


def test_a_lost_device_is_taken_away(folder: tuple[str, Path], told: Told, run: Run, recogniser: Recogniser) -> None:
    with _opened(folder, recogniser) as service:
        ada = service.accounts.named("ada")
        session = service.logins.log_in("ada", Attempt(password=PASSWORD, client="test"))
        principal = service.logins.by_session(session.secret)
        assert principal is not None
        code = pyotp.TOTP(service.second_factors.offer(ada).secret).now()
        service.second_factors.confirm(ada, code, actor=principal.actor, session_id=principal.session_id)
    assert _accounts(told, folder)["ada"]["second_factor"] is True
    status, _, err = run("account", "password", "ada", "--own", *folder, stdin=f"{PASSWORD}\n000000\n{NEW}\n")
    assert status == 1
    assert "code is wrong" in err
    assert told("account", "reset-second-factor", "ada", *folder)["second_factor"] is False
    said = _newest(told, folder, "credential")
    assert (said["action"], said["via"]) == ("second_factor_reset", "cli")
    with _opened(folder, recogniser) as service:
        assert service.logins.log_in("ada", Attempt(password=PASSWORD, client="test")).account.id == ada.id
