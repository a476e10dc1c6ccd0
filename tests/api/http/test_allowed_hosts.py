"""Only requests for the service's own names are answered: a page elsewhere cannot ask by a name that points here."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.permission import Role
from tests.api.conftest import OpenSite, Site

PATHS = ["/api/v1/health", "/metrics", "/login", "/log/checkpoint", "/nothing"]


def _get(site: Site, path: str, host: str) -> httpx.Response:
    return httpx.get(f"{site.address}{path}", headers={"Host": host}, verify=False, timeout=30)


@pytest.mark.parametrize("path", PATHS)
def test_another_host_is_refused_everywhere(shared_site: Site, path: str) -> None:
    answer = _get(shared_site, path, "rebind.evil.example")
    assert (answer.status_code, shared_site.code(answer)) == (421, "host_unknown")
    assert "rebind.evil.example" in answer.text
    assert "CLEARGLASS_ALLOWED_HOSTS" in answer.json()["error"]["remedy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_login_for_another_host_makes_no_session(shared_site: Site) -> None:
    with shared_site.client() as client:
        body = {"name": "operator", "password": "correct horse battery staple"}
        answer = client.post("/sessions", json=body, headers={"Host": "rebind.evil.example"})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "localhost:8600", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8600"]
)
def test_this_machine_s_own_names_are_known(shared_site: Site, host: str) -> None:
    assert _get(shared_site, "/api/v1/health", host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil@localhost",
        "localhost/",
        "127.1",
        "::1",
        "[::1",
        "*",
    ],
)
def test_what_only_resembles_them_is_not(shared_site: Site, host: str) -> None:
    assert _get(shared_site, "/api/v1/health", host).status_code == 421


def test_the_address_that_a_request_comes_in_at_is_known(open_site: OpenSite, tmp_path: Path) -> None:
    """Whichever it is: a container does not know its own before it runs."""
    from api.server.server import serving

    for site in open_site(tmp_path / "data"):
        with serving(site.service, host="0.0.0.0", port=0) as address:
            port = urlsplit(address).port
            for host, status in (("127.0.0.7", 200), ("127.0.0.8", 421)):
                with socket.create_connection(("127.0.0.7", port), timeout=15) as connection:
                    connection.sendall(f"GET /api/v1/health HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                    assert connection.recv(65_536).startswith(f"HTTP/1.1 {status} ".encode())


def test_names_that_an_installation_gives_are_known_beside_them(open_site: OpenSite, tmp_path: Path) -> None:
    for site in open_site(tmp_path / "data", allowed_hosts="clearglass, Faces.example.org,"):
        for host in ("clearglass:8600", "faces.example.org", "localhost"):
            assert _get(site, "/api/v1/health", host).status_code == 200
        assert _get(site, "/api/v1/health", "other.example.org").status_code == 421


def test_every_operation_documents_it(shared_site: Site) -> None:
    document = shared_site.as_role(Role.OPERATOR, "GET", "/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "421" in operation["responses"]
            assert ("408" in operation["responses"]) == ("requestBody" in operation)
