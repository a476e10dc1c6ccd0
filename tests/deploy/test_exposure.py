"""The exposure of the service: TLS of its own, and no plain HTTP to other machines unless somebody says so."""

import contextlib
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

pytestmark = pytest.mark.slow

PASSWORD = "a long enough password for a test"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings that name a certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(str(folder / "certificate.pem"), append=number > 0)
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    return {
        "CLEARGLASS_TLS_CERTIFICATE": str(folder / "certificate.pem"),
        "CLEARGLASS_TLS_KEY": str(folder / "key.pem"),
    }


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def served(serve: Any, files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    quick = {"CLEARGLASS_HEAD_SECONDS": "1", "CLEARGLASS_CONNECTIONS_PER_CLIENT": "20"}
    with serve(tmp_path_factory.mktemp("served"), **files, **quick) as running:
        yield running


def test_commands_reach_a_service_that_speaks_https(served: Any) -> None:
    done = served.command("account", "list", "--json")
    assert done.returncode == 0, done.stderr


def test_the_service_speaks_https(served: Any, trusting: ssl.SSLContext) -> None:
    assert served.address.startswith("https://127.0.0.1:")
    with httpx.Client(base_url=served.address, verify=trusting, timeout=60) as client:
        for _ in range(2):
            assert client.get("/api/v1/health").json()["status"] == "ok"


def test_the_session_s_cookie_is_secure_by_itself(served: Any, trusting: ssl.SSLContext) -> None:
    with httpx.Client(base_url=served.address, verify=trusting, timeout=60) as client:
        answer = client.post("/api/v1/sessions", json={"name": "admin", "password": PASSWORD})
    assert answer.status_code == 201
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_plain_http_and_old_tls_get_nothing(served: Any, trusting: ssl.SSLContext) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(served.address.replace("https:", "http:"), timeout=15)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    parts = urlsplit(served.address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=15)
    with connection, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(connection)


def test_half_a_handshake_is_not_waited_for_and_gives_way(served: Any, trusting: ssl.SSLContext) -> None:
    parts = urlsplit(served.address)
    silent = [socket.create_connection((parts.hostname, parts.port), timeout=15) for _ in range(40)]
    assert httpx.get(f"{served.address}/api/v1/health", verify=trusting, timeout=15).status_code == 200
    for connection in silent:
        with connection, contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_sigterm_ends_it_properly(serve: Any, files: dict[str, str], trusting: ssl.SSLContext, tmp_path: Path) -> None:
    with serve(tmp_path, **files) as running, httpx.Client(base_url=running.address, verify=trusting) as client:
        assert client.get("/api/v1/health", timeout=60).status_code == 200
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) in {0, -signal.SIGTERM}


def _refusal(served: Any, folder: Path, *arguments: str, **settings: str) -> str:
    """What `serve` says when it does not start, on a folder of its own with an account."""
    environment = served.environment | {"CLEARGLASS_FOLDER": str(folder / "data")}
    environment = {name: value for name, value in environment.items() if "TLS" not in name} | settings
    command = [sys.executable, "-m", "api.cli"]
    adding = [*command, "account", "add", "admin", "--role", "administrator"]
    subprocess.run(adding, input=f"{PASSWORD}\n", env=environment, text=True, check=True, timeout=90)
    refused = subprocess.run(
        [*command, "serve", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert refused.returncode == 1, refused.stdout
    return " ".join(refused.stderr.split())


def test_plain_http_to_other_machines_is_refused_and_says_what_to_do(served: Any, tmp_path: Path) -> None:
    said = _refusal(served, tmp_path, "--host", "0.0.0.0")
    for way in ("--tls-certificate", "CLEARGLASS_TRUSTED_PROXIES", "--plain-http"):
        assert way in said
    assert not re.search(r"http://", said)


@pytest.mark.parametrize(
    "given",
    [{"CLEARGLASS_PLAIN_HTTP": "true"}, {"CLEARGLASS_TRUSTED_PROXIES": "192.0.2.1"}, "TLS"],
    ids=["flag", "proxy", "TLS"],
)
def test_other_machines_are_served_with_tls_a_proxy_or_the_flag(
    serve: Any, files: dict[str, str], trusting: ssl.SSLContext, tmp_path: Path, given: Any
) -> None:
    with serve(tmp_path, CLEARGLASS_HOST="0.0.0.0", **(files if given == "TLS" else given)) as running:
        address = running.address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{address}/api/v1/health", verify=trusting, timeout=60).status_code == 200


def test_files_that_cannot_be_used_are_named(served: Any, files: dict[str, str], tmp_path: Path) -> None:
    missing = {"CLEARGLASS_TLS_KEY": str(tmp_path / "no.pem")}
    (tmp_path / "one").mkdir()
    assert "no.pem" in _refusal(served, tmp_path / "one", **files | missing)


@pytest.mark.parametrize("wrong", ["of another certificate", "encrypted", "nothing"])
def test_a_key_that_does_not_fit_is_refused(files: dict[str, str], tmp_path: Path, wrong: str) -> None:
    from cryptography.hazmat.primitives import serialization

    from api.server.tls import Tls, TlsError

    other = trustme.CA().issue_cert("localhost").private_key_pem.bytes()
    if wrong == "encrypted":
        key = serialization.load_pem_private_key(Path(files["CLEARGLASS_TLS_KEY"]).read_bytes(), None)
        other = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    (tmp_path / "key.pem").write_bytes(b"" if wrong == "nothing" else other)
    with pytest.raises(TlsError) as refused:
        Tls(certificate=Path(files["CLEARGLASS_TLS_CERTIFICATE"]), key=tmp_path / "key.pem").context()
    assert "key.pem" in refused.value.message


def test_one_of_both_files_is_not_enough(served: Any, files: dict[str, str], tmp_path: Path) -> None:
    said = _refusal(served, tmp_path, "--tls-certificate", files["CLEARGLASS_TLS_CERTIFICATE"])
    assert "--tls-key" in said
