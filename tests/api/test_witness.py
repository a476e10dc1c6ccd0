"""The witness as a program of its own: started from the command line, asked over HTTP, killed, started again."""

import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import CosignatureVerifier
from matcher.tlog.merkle import Frontier, leaf_hash
from matcher.tlog.note import Signer, open_note, sign_note
from tests.served_witness import served_witness

pytestmark = pytest.mark.slow

LOG = Signer.generate("example.com/log")
ONE = leaf_hash(b"one")


def checkpoint(root: bytes) -> str:
    return sign_note(Checkpoint(origin=LOG.name, size=1, root=root).text, LOG)


@contextmanager
def witness(folder: Path, *, stop: signal.Signals = signal.SIGTERM) -> Iterator[tuple[httpx.Client, str]]:
    with (
        served_witness(folder, str(LOG.verifier), stop=stop) as (address, key),
        httpx.Client(base_url=address, timeout=30, verify=False) as client,
    ):
        yield client, key


def test_a_fork_is_refused_even_by_a_witness_that_was_killed(tmp_path: Path) -> None:
    true, forked = checkpoint(Frontier().append(ONE).root()), checkpoint(bytes(32))
    with witness(tmp_path / "w", stop=signal.SIGKILL) as (client, key):
        answer = client.post("/add-checkpoint", content=f"old 0\n\n{true}")
        assert answer.status_code == 200, answer.text
        assert open_note(true + answer.text, [CosignatureVerifier.parse(key)])
    with witness(tmp_path / "w") as (client, again):
        assert again == key
        answer = client.post("/add-checkpoint", content=f"old 0\n\n{forked}")
        assert (answer.status_code, answer.text) == (409, "1\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"
        assert client.post("/add-checkpoint", content=f"old 1\n\n{forked}").status_code == 409
        assert client.post("/add-checkpoint", content=f"old 1\n\n{true}").status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"x" * 70_000, 413),
        (f"old 0\n\n{checkpoint(bytes(32))}".replace("example.com", "example.net").encode(), 404),
    ],
)
def test_what_is_no_request_is_refused(shared_witness: httpx.Client, content: bytes, status: int) -> None:
    assert shared_witness.post("/add-checkpoint", content=content).status_code == status
    assert shared_witness.get("/add-checkpoint").status_code == 405


@pytest.fixture(scope="module")
def shared_witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with witness(tmp_path_factory.mktemp("witness") / "w") as (client, _):
        yield client


def test_another_host_is_refused(shared_witness: httpx.Client) -> None:
    answer = shared_witness.post("/add-checkpoint", content=b"", headers={"Host": "rebind.evil.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "host_unknown")


def test_names_that_an_installation_gives_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARGLASS_ALLOWED_HOSTS", "witness.example")
    with witness(tmp_path / "w") as (client, _):
        for host, status in (("witness.example", 400), ("other.example", 421)):
            assert client.post("/add-checkpoint", content=b"", headers={"Host": host}).status_code == status


def test_a_witness_speaks_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, key = _files(authority, tmp_path)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    options = ("--host", "0.0.0.0", "--tls-certificate", str(certificate), "--tls-key", str(key))
    with served_witness(tmp_path / "w", str(LOG.verifier), *options) as (address, _):
        assert address.startswith("https://0.0.0.0:")
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(f"{here}/add-checkpoint", verify=trusting, timeout=30).status_code == 400


@pytest.mark.parametrize("by", ["flag", "proxy"])
def test_other_machines_are_answered_in_plain_http_by_a_flag_or_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    if by == "proxy":
        monkeypatch.setenv("CLEARGLASS_TRUSTED_PROXIES", "192.0.2.1")
    options = ("--host", "0.0.0.0", *(["--plain-http"] if by == "flag" else []))
    with served_witness(tmp_path / "w", str(LOG.verifier), *options) as (address, _):
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(f"{here}/add-checkpoint", timeout=30).status_code == 400


def test_plain_http_to_other_machines_is_refused(tmp_path: Path) -> None:
    said = _refusal(tmp_path, "--host", "0.0.0.0")
    for way in ("--tls-certificate", "CLEARGLASS_TRUSTED_PROXIES", "--plain-http"):
        assert way in said


def test_one_of_certificate_and_key_is_not_enough(tmp_path: Path) -> None:
    certificate, _ = _files(trustme.CA(), tmp_path)
    assert "--tls-key" in _refusal(tmp_path, "--tls-certificate", str(certificate))


def _files(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    return certificate, key


def _refusal(folder: Path, *options: str) -> str:
    """What the witness says when it does not start."""
    command = [sys.executable, "-m", "api.cli", "witness", "serve", "--data", str(folder / "w"), "--port", "0"]
    refused = subprocess.run(
        [*command, "--log", str(LOG.verifier), *options], capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 1, refused.stdout
    return " ".join(refused.stderr.split())
