"""The Unix socket in the data folder: its users, and that it is removed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api.permission import Role
from api.server.command_socket import NAME, CommandSocketError, listening, served_path
from tests.api.conftest import OpenSite, Site

Run = Callable[..., tuple[int, str, str]]


def folder_of(site: Site) -> Path:
    return Path(site.service.matcher.settings.folder)


@pytest.fixture
def caller(shared_site: Site) -> Iterator[httpx.Client]:
    """Somebody at the socket, who says nothing of who they are."""
    transport = httpx.HTTPTransport(uds=str(folder_of(shared_site) / NAME))
    with httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=30) as client:
        yield client


def test_it_is_its_owners_alone(shared_site: Site) -> None:
    assert (folder_of(shared_site) / NAME).stat().st_mode & 0o777 == 0o600


def test_who_comes_by_it_is_an_administrator_by_the_name_the_machine_knows(caller: httpx.Client) -> None:
    import pwd

    who = caller.get("/sessions/current").json()
    assert (who["account"]["name"], who["account"]["role"]) == (pwd.getpwuid(os.getuid()).pw_name, "administrator")
    assert who["csrf"] is None


def test_a_token_is_still_its_accounts(shared_site: Site, caller: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {shared_site.tokens[Role.AUDITOR]}"}
    assert caller.get("/sessions/current", headers=headers).json()["account"]["role"] == "auditor"
    headers = {"Authorization": "Bearer cgt_nobody"}
    assert caller.get("/sessions/current", headers=headers).status_code == 401


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_a_proxy_that_is_pointed_at_it_lets_nobody_in(caller: httpx.Client, header: str) -> None:
    answer = caller.get("/accounts", headers={header: "192.0.2.7"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "authentication_required")


def test_a_command_has_no_account_of_its_own_to_change(caller: httpx.Client) -> None:
    change = {"password": "correct horse battery staple", "new": "seven green lanterns at noon"}
    answer = caller.put("/account/password", json=change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "session_required")


def test_a_command_may_do_what_takes_a_person(caller: httpx.Client) -> None:
    assert caller.get("/log/groups").status_code == 200


def test_a_command_reviews_nothing(caller: httpx.Client) -> None:
    answer = caller.post("/alerts/00000000-0000-0000-0000-000000000000/reviews", json={"verdict": "confirmed"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


@pytest.mark.slow
def test_it_is_gone_when_the_service_is(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data"):
        assert (folder_of(site) / NAME).is_socket()
    assert not (tmp_path / "data" / NAME).exists()


def test_one_that_a_killed_process_left_is_no_service_and_is_replaced(tmp_path: Path) -> None:
    program = "import sys, time; from pathlib import Path; from api.server.command_socket import listening\n"
    program += "with listening(Path(sys.argv[1])): print('ready', flush=True); time.sleep(60)"
    left = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert left.stdout is not None
    with left.stdout:
        assert left.stdout.readline() == "ready\n"
        with served_path(tmp_path) as path:
            assert path is not None
        left.send_signal(signal.SIGKILL)
        left.wait(10)
    assert (tmp_path / NAME).is_socket()
    with served_path(tmp_path) as path:
        assert path is None
    with listening(tmp_path), served_path(tmp_path) as path:
        assert path is not None


def test_a_folder_may_have_a_path_longer_than_a_sockets(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    with listening(folder), served_path(folder) as path:
        assert path is not None
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_hold_it_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(CommandSocketError, match="cannot be created") as caught, listening(tmp_path):
        pass
    assert "local file system" in caught.value.remedy


@pytest.mark.slow
def test_a_command_may_be_run_a_thousand_times_in_a_row(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", requests_per_minute=3):
        transport = httpx.HTTPTransport(uds=str(folder_of(site) / NAME))
        with httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=30) as client:
            assert {client.get("/accounts").status_code for _ in range(10)} == {200}
        headers = {"Authorization": f"Bearer {site.tokens[Role.ADMINISTRATOR]}"}
        with httpx.Client(base_url=f"{site.address}/api/v1", headers=headers) as client:
            assert 429 in {client.get("/accounts").status_code for _ in range(10)}
