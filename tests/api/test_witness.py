"""The witness as a program of its own: started from the command line, asked over HTTP, killed, started again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from matcher.audit.checkpoint import Checkpoint
from matcher.audit.cosignature import CosignatureVerifier
from matcher.audit.merkle import Frontier, leaf_hash
from matcher.audit.note import Signer, open_note, sign_note
from tests.served_witness import served_witness

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
