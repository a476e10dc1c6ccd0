"""A witness's answers, by the protocol, and what no witness may ever do: cosign two histories."""

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

import pytest

from matcher.folder.errors import DataFolderInUseError
from matcher.tlog import witness as module
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import CosignatureVerifier, Cosigner
from matcher.tlog.errors import NoteError, WitnessError
from matcher.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash
from matcher.tlog.note import Signer, Verifier, open_note, sign_note
from matcher.tlog.tile import Tile
from matcher.tlog.tree import TiledTree
from matcher.tlog.witness import Refusal, Witness

LOG = Signer.generate("example.com/log")
NOW = 1_790_000_000


class History:
    """A log of up to 256 leaves that begins as every other of its kind and differs from one leaf on."""

    def __init__(self, differs_from: int = 10**9) -> None:
        self.leaves = [leaf_hash(f"{at}{'!' * (at >= differs_from)}".encode()) for at in range(256)]

    def checkpoint(self, size: int, signer: Signer = LOG, extension: str = "") -> str:
        frontier = Frontier()
        for leaf in self.leaves[:size]:
            frontier = frontier.append(leaf)
        return sign_note(Checkpoint(origin=LOG.name, size=size, root=frontier.root()).text + extension, signer)

    def proof(self, old: int, size: int) -> list[bytes]:
        if old == 0:
            return []

        def read(tile: Tile) -> bytes:
            return b"".join(self.leaves[tile.begin : tile.end])

        return TiledTree(size, read).consistency(old)

    def request(self, old: int, size: int) -> str:
        return body(old, self.proof(old, size), self.checkpoint(size))


TRUE, FORKED = History(), History(differs_from=15)


def body(old: int | str, proof: Sequence[bytes], note: str) -> str:
    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{lines}\n{note}"


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    with opened(tmp_path) as one:
        yield one


def opened(folder: Path) -> Witness:
    return Witness.open(folder / "witness", [LOG.verifier], name="example.org/w", now=lambda: NOW + 0.7)


def refused(witness: Witness, request: str) -> HTTPStatus:
    with pytest.raises(Refusal) as error:
        witness.add_checkpoint(request)
    assert error.value.body.endswith("\n")
    if error.value.status == HTTPStatus.CONFLICT:
        assert error.value.body.strip().isdecimal()
    return error.value.status


def test_what_it_cosigns_verifies_beside_the_logs_own_signature(witness: Witness) -> None:
    key = CosignatureVerifier.parse(witness.verifier_key)
    for old, size in ((0, 1), (1, 5), (5, 5), (5, 20), (20, 256)):
        line = witness.add_checkpoint(TRUE.request(old, size))
        note = TRUE.checkpoint(size) + line
        assert open_note(note, [LOG.verifier, key]) == open_note(note, [key])
        raw = base64.b64decode(line.split(" ")[2])
        assert (raw[:4], int.from_bytes(raw[4:12])) == (key.key_id, NOW)


@pytest.mark.parametrize("at", range(0, 72, 7))
def test_a_cosignature_that_was_changed_does_not_verify(witness: Witness, at: int) -> None:
    key = CosignatureVerifier.parse(witness.verifier_key)
    line = witness.add_checkpoint(TRUE.request(0, 3))
    raw = bytearray(base64.b64decode(line.split(" ")[2]))[4:]
    text = open_note(TRUE.checkpoint(3), [LOG.verifier])
    assert key.verifies(text, bytes(raw))
    assert not key.verifies(text + "x\n", bytes(raw))
    assert not key.verifies(text, bytes(raw[:-1]))
    raw[at] ^= 1
    assert not key.verifies(text, bytes(raw))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("", HTTPStatus.BAD_REQUEST),
        ("old 0\n" + TRUE.checkpoint(3), HTTPStatus.BAD_REQUEST),
        (body("01", [], TRUE.checkpoint(3)), HTTPStatus.BAD_REQUEST),
        (body(-1, [], TRUE.checkpoint(3)), HTTPStatus.BAD_REQUEST),
        (body(20, [bytes(32)] * 64, TRUE.checkpoint(30)), HTTPStatus.BAD_REQUEST),
        (body(20, [bytes(31)], TRUE.checkpoint(30)), HTTPStatus.BAD_REQUEST),
        ("old 20\nAB=\n\n" + TRUE.checkpoint(30), HTTPStatus.BAD_REQUEST),
        (body(21, [], TRUE.checkpoint(20)), HTTPStatus.BAD_REQUEST),
        (body(20, [], TRUE.checkpoint(30).replace("example.com", "example.net")), HTTPStatus.NOT_FOUND),
        (body(20, [], TRUE.checkpoint(30, Signer.generate(LOG.name))), HTTPStatus.FORBIDDEN),
        (body(20, [], TRUE.checkpoint(30).replace("\n30\n", "\n31\n")), HTTPStatus.FORBIDDEN),
        (body(20, [], sign_note(f"{LOG.name}\nno checkpoint\n", LOG)), HTTPStatus.FORBIDDEN),
        (TRUE.request(0, 30), HTTPStatus.CONFLICT),
        (TRUE.request(19, 30), HTTPStatus.CONFLICT),
        (FORKED.request(20, 20), HTTPStatus.CONFLICT),
        (FORKED.request(20, 30), HTTPStatus.UNPROCESSABLE_ENTITY),
        (body(20, [], TRUE.checkpoint(30)), HTTPStatus.UNPROCESSABLE_ENTITY),
        (body(20, [*TRUE.proof(20, 30), bytes(32)], TRUE.checkpoint(30)), HTTPStatus.UNPROCESSABLE_ENTITY),
        (body(20, [bytes(32)], TRUE.checkpoint(20)), HTTPStatus.UNPROCESSABLE_ENTITY),
    ],
)
def test_what_it_refuses_leaves_it_as_it_was(witness: Witness, request_: str, status: HTTPStatus) -> None:
    witness.add_checkpoint(TRUE.request(0, 20))
    assert refused(witness, request_) == status
    witness.add_checkpoint(TRUE.request(20, 30))


def test_a_first_checkpoint_takes_no_proof_and_an_empty_log_has_its_root(witness: Witness) -> None:
    assert refused(witness, body(0, [bytes(32)], TRUE.checkpoint(3))) == HTTPStatus.UNPROCESSABLE_ENTITY
    wrong = sign_note(Checkpoint(origin=LOG.name, size=0, root=bytes(32)).text, LOG)
    assert refused(witness, body(0, [], wrong)) == HTTPStatus.CONFLICT
    empty = sign_note(Checkpoint(origin=LOG.name, size=0, root=EMPTY_ROOT).text, LOG)
    witness.add_checkpoint(body(0, [], empty))


def test_an_extension_is_cosigned_with_the_rest(witness: Witness) -> None:
    note = TRUE.checkpoint(3, extension="more\n")
    line = witness.add_checkpoint(body(0, [], note))
    assert open_note(note + line, [CosignatureVerifier.parse(witness.verifier_key)]).endswith("more\n")


def test_it_forgets_nothing_and_has_its_folder_for_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as witness:
        key = witness.verifier_key
        witness.add_checkpoint(TRUE.request(0, 20))
        with pytest.raises(DataFolderInUseError):
            opened(tmp_path)
    with opened(tmp_path) as witness:
        assert witness.verifier_key == key
        assert refused(witness, FORKED.request(0, 30)) == HTTPStatus.CONFLICT
        assert refused(witness, FORKED.request(20, 30)) == HTTPStatus.UNPROCESSABLE_ENTITY
        witness.add_checkpoint(TRUE.request(20, 30))


def test_what_it_cannot_keep_it_does_not_cosign(
    witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness.add_checkpoint(TRUE.request(0, 20))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)
        with pytest.raises(WitnessError, match="No space left"):
            witness.add_checkpoint(TRUE.request(20, 30))
    witness.add_checkpoint(TRUE.request(20, 25))
    [kept] = (tmp_path / "witness").glob("*.checkpoint")
    kept.write_text("rubbish")
    with pytest.raises(WitnessError, match="cannot be read"):
        witness.add_checkpoint(TRUE.request(25, 30))
    assert kept.read_text() == "rubbish"


def test_it_keeps_before_it_cosigns(witness: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    real: Callable[..., str] = Cosigner.cosign

    def cosign(cosigner: Cosigner, text: str, seconds: int) -> str:
        [file] = (tmp_path / "witness").glob("*.checkpoint")
        kept.append(Checkpoint.parse(file.read_text()).size)
        return real(cosigner, text, seconds)

    monkeypatch.setattr(Cosigner, "cosign", cosign)
    witness.add_checkpoint(TRUE.request(0, 20))
    assert kept == [20]


def test_of_two_histories_at_once_one_is_cosigned(witness: Witness) -> None:
    witness.add_checkpoint(TRUE.request(0, 10))
    together, cosigned = threading.Barrier(8), []

    def ask(history: History) -> None:
        together.wait()
        try:
            witness.add_checkpoint(history.request(10, 30))
        except Refusal:
            return
        cosigned.append(history)

    threads = [threading.Thread(target=ask, args=(history,)) for history in [TRUE, FORKED] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cosigned) == 1


def test_keys_of_one_kind_are_not_taken_for_the_other() -> None:
    cosigner = Cosigner.generate("example.org/w")
    assert Cosigner.parse(cosigner.encode()) == cosigner
    assert CosignatureVerifier.parse(str(cosigner.verifier)) == cosigner.verifier
    for wrong in (str(LOG.verifier), "", str(cosigner.verifier)[:-2], cosigner.encode()):
        with pytest.raises(NoteError):
            CosignatureVerifier.parse(wrong)
    with pytest.raises(NoteError):
        Verifier.parse(str(cosigner.verifier))
    for wrong in (LOG.encode(), str(cosigner.verifier), cosigner.encode().replace("example", "exemple")):
        with pytest.raises(NoteError):
            Cosigner.parse(wrong)
    with pytest.raises(NoteError):
        Cosigner.generate("a b")
    assert "seed" not in repr(cosigner)
