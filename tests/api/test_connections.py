"""What a client may take of the server: heads, bodies and answers have deadlines, connections a limit."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import ValidationError

from api.permission import Role
from api.server.server import serving
from api.setting_error import SettingError
from api.settings import ApiSettings
from ingest.camera.health import CameraState, Health
from tests.api.conftest import OpenSite, Site

pytestmark = pytest.mark.slow

HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 15.0
QUICK = {
    "head_seconds": 0.5,
    "body_seconds": 1.0,
    "body_bytes_per_second": 200,
    "answer_seconds": 0.5,
}


@pytest.fixture(scope="module")
def hurried(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service that waits for nothing long."""
    yield from open_site(tmp_path_factory.mktemp("hurried") / "data", **QUICK)


def _connect(site: Site, source: str = "127.0.0.1") -> socket.socket:
    parts = urlsplit(site.address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE, source_address=(source, 0))
    connection.settimeout(PATIENCE)
    return connection


def _until_closed(connection: socket.socket) -> bytes:
    """All that still comes; fails if the other side does not close in time."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            received += piece
    return received


def _is_timeout(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 408 ") and b"connection: close" in head and b'"request_timeout"' in body


def _login_head(length: int) -> bytes:
    lines = ("POST /api/v1/sessions HTTP/1.1", "Host: localhost", "Content-Type: application/json")
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def _ended(site: Site, reason: str) -> float:
    text = httpx.get(f"{site.address}/metrics", verify=False).text
    name = f'clearglass_connections_ended_total{{reason="{reason}"}} '
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def test_a_connection_that_says_nothing_is_closed(hurried: Any) -> None:
    before = _ended(hurried, "head")
    with _connect(hurried) as connection:
        assert _until_closed(connection) == b""
    assert _ended(hurried, "head") == before + 1


def test_a_head_that_does_not_come_is_answered_and_its_connection_closed(hurried: Any) -> None:
    with _connect(hurried) as connection:
        connection.sendall(HEALTH[:-3])
        assert _is_timeout(_until_closed(connection))


def test_a_head_that_comes_in_drops_has_the_same_deadline(hurried: Any) -> None:
    with _connect(hurried) as connection, pytest.raises(ConnectionError):
        for place in range(len(HEALTH)):
            connection.sendall(HEALTH[place : place + 1])
            time.sleep(0.1)


def test_the_next_head_on_a_kept_connection_has_it_too(hurried: Any) -> None:
    with _connect(hurried) as connection:
        connection.sendall(HEALTH)
        answer = b""
        while not answer.endswith(b"]}"):
            answer += connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200 ")
        connection.sendall(HEALTH[:10])
        assert _is_timeout(_until_closed(connection))


def test_a_body_that_stalls_is_answered_and_its_connection_closed(hurried: Any) -> None:
    before = _ended(hurried, "body")
    with _connect(hurried) as connection:
        connection.sendall(_login_head(5_000) + b"{")
        assert _is_timeout(_until_closed(connection))
    assert _ended(hurried, "body") == before + 1


def test_a_body_that_is_slower_than_the_floor_is_closed(hurried: Any) -> None:
    with _connect(hurried) as connection, pytest.raises(ConnectionError):
        connection.sendall(_login_head(50_000))
        for _ in range(100):
            connection.sendall(b"          ")
            time.sleep(0.1)


def test_a_body_that_is_slow_and_faster_than_the_floor_is_taken(hurried: Any) -> None:
    body = b'{"name": "nobody", "password": "wrong"}'.ljust(6_000)
    with _connect(hurried) as connection:
        connection.sendall(_login_head(len(body)))
        for place in range(0, len(body), 200):
            connection.sendall(body[place : place + 200])
            time.sleep(0.1)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_what_comes_after_the_answer_is_not_waited_for_either(hurried: Any) -> None:
    head = b"POST /api/v1/identifications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n"
    with _connect(hurried) as connection:
        connection.sendall(head)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
        with pytest.raises(ConnectionError):
            for _ in range(100):
                connection.sendall(bytes(2_000))
                time.sleep(0.1)


def test_an_answer_that_nobody_takes_is_given_up(hurried: Any) -> None:
    before = _ended(hurried, "answer")
    ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        parts = urlsplit(hurried.address)
        connection.connect((parts.hostname, parts.port))
        connection.sendall(ask * 40)
        until = time.monotonic() + PATIENCE
        while _ended(hurried, "answer") == before and time.monotonic() < until:
            time.sleep(0.1)
    assert _ended(hurried, "answer") == before + 1


def test_what_is_no_http_is_answered_in_the_one_form(hurried: Any) -> None:
    with _connect(hurried) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        answer = _until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"malformed_request"' in answer


def _listener(site: Site, source: str = "127.0.0.1") -> socket.socket:
    """Somebody who listens to events, and has heard that it works."""
    connection = _connect(site, source)
    token = site.tokens[Role.OPERATOR]
    connection.sendall(
        f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    received = b""
    while b"retry: 2000" not in received:
        piece = connection.recv(65_536)
        assert piece, received
        received += piece
    return connection


def test_two_hundred_listeners_go_on_hearing(hurried: Any) -> None:
    """Longer than every deadline there is for what is not endless."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(_listener(hurried)) for _ in range(200)]
        time.sleep(2 * max(QUICK["head_seconds"], QUICK["body_seconds"], QUICK["answer_seconds"]))
        hurried.service.events.reported("lobby", Health(camera_id="lobby", state=CameraState.LIVE, frames=7))
        for listener in listeners:
            heard = b""
            while b"event: health" not in heard:
                piece = listener.recv(65_536)
                assert piece, heard
                heard += piece


@pytest.mark.parametrize("limit", ["connections_per_client", "connections"])
def test_who_waits_longest_with_half_a_request_gives_way(open_site: OpenSite, tmp_path: Path, limit: str) -> None:
    for site in open_site(tmp_path / "data", head_seconds=60, **{limit: 20}):
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(_connect(site)) for _ in range(20)]
            for _ in range(3):
                answer = httpx.get(f"{site.address}/api/v1/health", verify=False, timeout=PATIENCE)
                assert answer.status_code == 200
            assert _until_closed(silent[0]) == b""
            assert _ended(site, "room") >= 1
            silent[-1].sendall(HEALTH)
            assert silent[-1].recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_one_client_cannot_take_all_with_whole_requests(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", connections_per_client=5):
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(_listener(site))
            with _connect(site) as refused:
                with contextlib.suppress(ConnectionError):
                    refused.sendall(HEALTH)
                assert _until_closed(refused) == b""
            with _connect(site, "127.0.0.2") as another:
                another.sendall(HEALTH)
                assert another.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_proxy_s_connections_are_those_of_many_clients(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", connections_per_client=5, trusted_proxies="127.0.0.1"):
        with contextlib.ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(_listener(site))
            assert httpx.get(f"{site.address}/api/v1/health", verify=False, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize("proxies", ["caddy", "10.0.0.5/24", "*,10.0.0.1"])
def test_a_proxy_that_is_no_address_is_refused_at_the_start(proxies: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ApiSettings(trusted_proxies=proxies)
    assert "CLEARGLASS_TRUSTED_PROXIES" in SettingError.of(refused.value).message


def test_machines_of_one_ipv6_network_are_one_client(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", connections_per_client=5, head_seconds=60):
        with serving(site.service, host="::1", port=0) as address, contextlib.ExitStack() as stack:
            assert address.startswith("http://[::1]:")
            silent = [stack.enter_context(socket.create_connection(("::1", urlsplit(address).port))) for _ in range(6)]
            silent[0].settimeout(PATIENCE)
            assert _until_closed(silent[0]) == b""
            assert httpx.get(f"{address}/api/v1/health", verify=False, timeout=PATIENCE).status_code == 200
