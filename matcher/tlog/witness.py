"""A witness: cosigns the checkpoints of other logs if each extends the one before (C2SP tlog-witness). It keeps the
newest checkpoint that it has cosigned of each log, and syncs it to the disk before it returns the cosignature: so it
never cosigns two histories of one log.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from matcher.folder.lock import lock_folder
from matcher.folder.secret_file import write_secret
from matcher.folder.whole_file import write_whole
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import Cosigner
from matcher.tlog.errors import NoteError, WitnessError
from matcher.tlog.merkle import EMPTY_ROOT, verify_consistency
from matcher.tlog.note import Verifier, open_note
from matcher.tlog.proof import MOST_HASHES, decode_proof

KEY_FILE = "witness.key"
_REQUEST = re.compile(
    rf"old (?P<old>0|[1-9][0-9]{{0,18}})\n(?P<proof>(?:[^\n]+\n){{0,{MOST_HASHES}}})\n(?P<checkpoint>.+)", re.DOTALL
)


class Refusal(Exception):  # noqa: N818 - an answer of the protocol
    """An answer that is no cosignature. status, body: as the protocol defines them."""

    def __init__(self, status: HTTPStatus, body: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


class Witness:
    """The witness of the logs with these keys; a log is identified by its key's name. Safe to use from several
    threads."""

    def __init__(self, folder: Path, cosigner: Cosigner, logs: Sequence[Verifier], now: Callable[[], float]) -> None:
        """Use `open`."""
        self._folder = folder
        self._cosigner = cosigner
        self._logs = logs
        self._now = now
        self._lock = threading.Lock()
        self._held: int | None = None

    @classmethod
    def open(
        cls, folder: Path, logs: Sequence[Verifier], *, name: str = "witness", now: Callable[[], float] = time.time
    ) -> Self:
        """Takes the folder for this process alone; makes it, and a key of this name, where there is none.

        Raises DataFolderError, DataFolderInUseError, WitnessError, NoteError.
        """
        held = lock_folder(folder)
        try:
            path = folder / KEY_FILE
            if not path.exists():
                write_secret(path, Cosigner.generate(name).encode().encode() + b"\n")
            witness = cls(folder, _read_key(path), logs, now)
        except BaseException:
            os.close(held)
            raise
        witness._held = held
        return witness

    @property
    def verifier_key(self) -> str:
        """The verifier key for its cosignatures."""
        return str(self._cosigner.verifier)

    def add_checkpoint(self, request: str) -> str:
        """Answers one request by its body, with a cosignature line. Raises Refusal, WitnessError."""
        match = _REQUEST.fullmatch(request)
        if match is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "This is no request to add a checkpoint.\n")
        proof, old = _hashes(match["proof"]), int(match["old"])
        text, checkpoint = self._opened(match["checkpoint"])
        if old > checkpoint.size:
            raise Refusal(HTTPStatus.BAD_REQUEST, "The old size is larger than the checkpoint's.\n")
        with self._lock:  # from reading the last one until the new one is stored
            last = self._last(checkpoint.origin)
            if old != last.size:
                raise Refusal(HTTPStatus.CONFLICT, f"{last.size}\n")
            self._require_grown(last, checkpoint, proof)
            self._keep(checkpoint)
            return self._cosigner.cosign(text, int(self._now()))

    def close(self) -> None:
        """Releases the folder. Safe to call twice."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self, note: str) -> tuple[str, Checkpoint]:
        """Text and checkpoint of a note that a known log has signed."""
        origin = note.partition("\n")[0]
        verifiers = [log for log in self._logs if log.name == origin]
        if not verifiers:
            raise Refusal(HTTPStatus.NOT_FOUND, "This witness does not know the log.\n")
        try:
            text = open_note(note, verifiers)
            return text, Checkpoint.parse(text)
        except NoteError as error:
            raise Refusal(HTTPStatus.FORBIDDEN, f"{error.message}\n") from error

    def _require_grown(self, last: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
        if last.size == new.size and last.root != new.root:
            raise Refusal(HTTPStatus.CONFLICT, f"{last.size}\n")
        if last.size == 0:
            grown = not proof and (new.size > 0 or new.root == EMPTY_ROOT)
        else:
            grown = verify_consistency(last.size, last.root, new.size, new.root, proof)
        if not grown:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "The proof does not show that the log only grew.\n")

    def _path(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()}.checkpoint"

    def _last(self, origin: str) -> Checkpoint:
        path = self._path(origin)
        try:
            return Checkpoint.parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
        except (OSError, UnicodeDecodeError, NoteError) as error:
            # Starting again without it would allow another history to be cosigned.
            raise WitnessError(f"{path} cannot be read: the witness cosigns nothing of this log.") from error

    def _keep(self, checkpoint: Checkpoint) -> None:
        path = self._path(checkpoint.origin)
        try:
            write_whole(path, checkpoint.text.encode())
        except OSError as error:
            raise WitnessError(f"{path} cannot be written: {error.strerror}.") from error


def _hashes(lines: str) -> list[bytes]:
    try:
        return decode_proof(lines)
    except NoteError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{error.message}\n") from error


def _read_key(path: Path) -> Cosigner:
    try:
        return Cosigner.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WitnessError(f"The witness's key {path} cannot be read.") from error
