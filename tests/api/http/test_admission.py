"""Waiting takes no thread, one account's crowd does not keep out another, and uploads are bounded all together."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.access.passwords import HASHING
from api.http.admission import CROWDS, LOGINS, LOOKING
from api.permission import Role
from api.slots import BusyError, Slots
from tests.api.conftest import OpenSite, Site

CROWD = 44
"""More than there are worker threads."""

MEGABYTE = 1024 * 1024


@contextlib.contextmanager
def _all_taken(slots: Slots) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(BusyError):
            while True:
                stack.enter_context(slots.taken("others", seconds=0.0))
        yield


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/identifications", "/verifications", "/photographs"])
def test_pictures_that_wait_keep_no_other_request_waiting(
    open_site: OpenSite, tmp_path: Path, astronaut_jpeg: bytes, path: str
) -> None:
    for site in open_site(tmp_path / "data"):
        roles = [Role.OPERATOR, Role.ADMINISTRATOR] * (CROWD // 2)

        def send(role: Role, site: Site = site) -> int:
            data = {"purpose": "demo", "subject_id": "none"} if path == "/verifications" else {"purpose": "demo"}
            files = {"file": ("x.jpg", astronaut_jpeg)}
            return int(site.as_role(role, "POST", path, data=data, files=files).status_code)

        with ThreadPoolExecutor(CROWD) as threads:
            with _all_taken(LOOKING):
                sent = [threads.submit(send, role) for role in roles]
                time.sleep(1.5)
                assert site.as_role(Role.AUDITOR, "GET", "/log/entries").status_code == 200
                assert site.as_role(None, "GET", "/health").status_code == 200
                assert not any(one.done() for one in sent)
            assert {one.result() for one in sent} <= {201, 404}


@pytest.mark.slow
def test_logins_that_wait_keep_no_other_request_waiting(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOGINS, "seconds", 60.0)
    monkeypatch.setattr(LOGINS, "waiting_each", CROWD)

    def log_in(_: int) -> int:
        body = {"name": "operator", "password": "wrong password"}
        return int(shared_site.as_role(None, "POST", "/sessions", json=body).status_code)

    with ThreadPoolExecutor(CROWD) as threads:
        with _all_taken(LOGINS):
            sent = [threads.submit(log_in, number) for number in range(CROWD)]
            time.sleep(1.0)
            assert shared_site.as_role(Role.AUDITOR, "GET", "/log/entries").status_code == 200
            assert not any(one.done() for one in sent)
        assert {one.result() for one in sent} <= {401, 429, 503}


PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(
    ("method", "path", "body", "counted"),
    [
        ("POST", "/sessions", {"name": "operator", "password": PASSWORD}, 1),
        ("PUT", "/account/password", {"password": PASSWORD, "new": "seven green lanterns at noon"}, 1),
        ("POST", "/account/second-factor", {"password": PASSWORD}, 1),
        ("POST", "/accounts", {"name": "grace", "password": "seven green lanterns at noon", "role": "auditor"}, 0),
        ("PUT", "/accounts/none/password", {"password": "seven green lanterns at noon"}, 0),
    ],
)
def test_a_login_that_finds_no_turn_is_counted(
    shared_site: Site, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: dict[str, str], counted: int
) -> None:
    monkeypatch.setattr(LOGINS, "seconds", 0.05)
    with shared_site.logged_in("administrator") as client:
        before = _busy_logins(shared_site)
        with _all_taken(LOGINS):
            answer = client.request(method, path, json=body)
        assert (answer.status_code, shared_site.code(answer)) == (503, "busy")
        assert _busy_logins(shared_site) - before == counted


def test_a_login_that_is_busy_hashing_is_counted_once(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error then leaves the endpoint, and passes what counts those without a turn."""
    monkeypatch.setattr(HASHING, "seconds", 0.05)
    with shared_site.logged_in("administrator"):  # its password was hashed, as is the decoy by now
        before = _busy_logins(shared_site)
        with _all_taken(HASHING):
            body = {"name": "administrator", "password": PASSWORD}
            assert shared_site.as_role(None, "POST", "/sessions", json=body).status_code == 503
        assert _busy_logins(shared_site) - before == 1


def _busy_logins(site: Site) -> float:
    name = 'clearglass_logins_total{outcome="busy"} '
    text = httpx.get(f"{site.address}/metrics", headers=site.client(Role.AUDITOR).headers, timeout=30).text
    [line] = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


@pytest.mark.slow
def test_health_is_answered_while_every_thread_is_taken(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("api.http.guard.principal_of", lambda request: go_on.wait(60.0) and None)
    with ThreadPoolExecutor(CROWD) as threads:
        sent = [threads.submit(shared_site.as_role, Role.AUDITOR, "GET", "/log/entries") for _ in range(CROWD)]
        time.sleep(1.0)
        try:
            assert shared_site.as_role(None, "GET", "/health").status_code == 200
            assert not any(one.done() for one in sent)
        finally:
            go_on.set()
        assert {one.result().status_code for one in sent} == {401}


@pytest.mark.slow
def test_health_says_that_the_database_does_not_answer(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.routers import health

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.2)
    log = shared_site.service.matcher.log
    there = log.clock_state
    monkeypatch.setattr(log, "clock_state", lambda: time.sleep(1.0) or there())
    answer = shared_site.as_role(None, "GET", "/health")
    assert answer.status_code == 503
    assert [trouble["code"] for trouble in answer.json()["troubles"]] == ["database_stalled"]
    time.sleep(1.0)
    monkeypatch.undo()
    assert shared_site.as_role(None, "GET", "/health").status_code == 200


def test_one_account_s_crowd_does_not_keep_another_waiting(in_a_loop: Any) -> None:
    order: list[str] = []

    async def hold(slots: Slots, holder: str) -> None:
        async with slots.entered(holder):
            order.append(holder)
            await asyncio.sleep(0.01)

    async def crowd() -> None:
        slots = Slots("x", at_once=2, seconds=5.0)
        tasks = [asyncio.create_task(hold(slots, holder)) for holder in ["a"] * 9 + ["b"] * 9 + ["c"]]
        await asyncio.gather(*tasks)

    in_a_loop(crowd())
    assert len(order) == 19
    assert order.index("c") <= 4


def test_too_many_that_wait_are_sent_away_at_once_and_others_still_wait(in_a_loop: Any) -> None:
    async def crowd() -> list[Any]:
        slots = Slots("x", at_once=1, seconds=0.05, waiting_each=2)

        async def hold(holder: str) -> None:
            async with slots.entered(holder):
                await asyncio.sleep(0.01)

        found = await asyncio.gather(*map(hold, ["a"] * 5 + ["b"]), return_exceptions=True)
        async with slots.entered("a"):  # nothing is held any more
            return list(found)

    found = in_a_loop(crowd())
    assert [type(one) for one in found] == [type(None)] * 3 + [BusyError] * 2 + [type(None)]


def test_a_coroutine_that_gives_up_waiting_leaves_its_place(in_a_loop: Any) -> None:
    async def cancelled() -> None:
        slots = Slots("x", at_once=1, seconds=5.0)

        async def hold() -> None:
            async with slots.entered("a"):
                pass

        async with slots.entered("b"):
            waits = asyncio.create_task(hold())
            timed_out = asyncio.create_task(hold())
            await asyncio.sleep(0.01)
            waits.cancel()
            await asyncio.wait([waits])
        await timed_out
        late = asyncio.create_task(hold())
        late.cancel()
        await asyncio.wait([late])
        async with asyncio.timeout(1.0), slots.entered("c"):
            pass

    in_a_loop(cancelled())


def test_a_free_slot_is_entered_without_waiting() -> None:
    slots = Slots("x", at_once=1, seconds=5.0)
    entering = slots.entered("a")
    with pytest.raises(StopIteration):  # no loop runs here that it could wait in
        entering.__aenter__().send(None)
    with pytest.raises(BusyError), slots.taken("b", seconds=0.0):
        pytest.fail("The slot is held.")


def test_threads_and_coroutines_wait_in_one_queue(in_a_loop: Any) -> None:
    slots, order = Slots("x", at_once=1, seconds=5.0), []

    def thread() -> None:
        with slots.taken("thread"):
            order.append("thread")

    async def both() -> None:
        async with slots.entered("first"):
            one = asyncio.create_task(asyncio.to_thread(thread))
            await asyncio.sleep(0.1)
            two = asyncio.create_task(coroutine())
            await asyncio.sleep(0.1)
        await asyncio.gather(one, two)

    async def coroutine() -> None:
        async with slots.entered("coroutine"):
            order.append("coroutine")

    in_a_loop(both())
    assert order == ["thread", "coroutine"]


def _stalled(site: Site, role: Role, path: str, length: int | None) -> socket.socket:
    parts = urlsplit(site.address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=15)
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = (
        f"POST /api/v1{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {site.tokens[role]}",
        "Content-Type: multipart/form-data; boundary=b",
        size,
        "Expect: 100-continue",
    )
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    # The body is asked for once the upload is counted.
    assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
    return connection


def _identified(site: Site, role: Role, picture: bytes) -> httpx.Response:
    files = {"file": ("x.jpg", picture)}
    return site.as_role(role, "POST", "/identifications", data={"purpose": "x"}, files=files)


@pytest.mark.slow
@pytest.mark.parametrize("length", [100 * MEGABYTE, None], ids=["declared", "in chunks"])
def test_an_account_sends_its_share_of_the_uploads_and_no_more(
    open_site: OpenSite, tmp_path: Path, astronaut_jpeg: bytes, length: int | None
) -> None:
    for site in open_site(tmp_path / "data", upload_bytes=250 * MEGABYTE, body_seconds=3):
        with _stalled(site, Role.OPERATOR, "/subjects", length):
            again = _identified(site, Role.OPERATOR, astronaut_jpeg)
            assert (again.status_code, site.code(again)) == (503, "busy")
            assert int(again.headers["retry-after"]) > 0
            assert _identified(site, Role.ADMINISTRATOR, astronaut_jpeg).status_code == 201
            # A stalled upload ends, and its share is free again.
            until = time.monotonic() + 30
            while again.status_code == 503 and time.monotonic() < until:
                time.sleep(0.5)
                again = _identified(site, Role.OPERATOR, astronaut_jpeg)
            assert again.status_code == 201


@pytest.mark.slow
def test_all_uploads_together_have_a_limit(open_site: OpenSite, tmp_path: Path, astronaut_jpeg: bytes) -> None:
    for site in open_site(tmp_path / "data", upload_bytes=120 * MEGABYTE):
        with _stalled(site, Role.OPERATOR, "/subjects", 100 * MEGABYTE):
            with _stalled(site, Role.RESEARCHER, "/verifications", 20 * MEGABYTE):
                answer = _identified(site, Role.ADMINISTRATOR, astronaut_jpeg)
            assert (answer.status_code, site.code(answer)) == (503, "busy")
            assert site.as_role(Role.AUDITOR, "GET", "/log/entries").status_code == 200


def test_crowds_wait_for_each_other_and_not_for_ever(
    shared_site: Site, astronaut_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CROWDS, "seconds", 0.05)
    with CROWDS.taken():
        files = {"file": ("x.jpg", astronaut_jpeg)}
        answer = shared_site.as_role(Role.OPERATOR, "POST", "/photographs", data={"purpose": "x"}, files=files)
    assert (answer.status_code, shared_site.code(answer)) == (503, "busy")
