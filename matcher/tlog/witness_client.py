"""A witness as a log asks it (C2SP tlog-witness over HTTP)."""

import re
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

import httpx

from matcher.tlog.errors import CosigningError, NoteError
from matcher.tlog.note import note_text, open_note, read_signature_line
from matcher.tlog.policy import KnownWitness
from matcher.tlog.proof import encode_proof

SECONDS = 10.0
"""Seconds that a witness may take for its whole answer."""

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n?", re.ASCII)
_MOST_BYTES = 64 << 10
_TOLD = 200
"""The most characters of a witness's answer that an error quotes."""

ProvesFrom = Callable[[int], Sequence[bytes]]
"""Returns the consistency proof from an older size, which is not 0, to the checkpoint's."""


class WitnessClient:
    """One witness, and the last size of the log that it is known to have cosigned. For one thread."""

    def __init__(self, witness: KnownWitness, client: httpx.Client) -> None:
        """client: its owner's."""
        self._witness = witness
        self._client = client
        self._size = 0

    def cosign(self, note: str, size: int, proves: ProvesFrom) -> str:
        """Requests its cosignature line of a checkpoint of this size. Raises CosigningError. The error says if the
        witness has seen a longer log than this one: then the log has lost entries, or exists twice with different
        entries.
        """
        status, text = self._asked(note, size, proves)
        if status == HTTPStatus.CONFLICT and (match := _SIZE.fullmatch(text)):
            self._size = int(match[1])
            if self._size > size:
                raise CosigningError(
                    f"The witness {self._witness.name} has cosigned {self._size} entries of this log, "
                    f"which has {size}.",
                    remedy="Entries were lost, by a restored backup or worse: keep this folder, and find out.",
                )
            status, text = self._asked(note, size, proves)
        if status != HTTPStatus.OK:
            said = "".join(letter if letter.isprintable() else " " for letter in text.strip()[:_TOLD])
            raise CosigningError(f"The witness {self._witness.name} refused, with status {status}: {said}")
        line = self._verified(note, text)
        self._size = size
        return line

    def _asked(self, note: str, size: int, proves: ProvesFrom) -> tuple[int, str]:
        """Status and body of the answer."""
        old = min(self._size, size)
        proof = proves(old) if 0 < old < size else ()
        content = f"old {old}\n{encode_proof(proof)}\n{note}".encode()
        address = f"{str(self._witness.address).rstrip('/')}/add-checkpoint"
        until, body = time.monotonic() + SECONDS, bytearray()
        try:
            with self._client.stream("POST", address, content=content, timeout=SECONDS) as answer:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES or time.monotonic() > until:
                        raise CosigningError(f"The witness {self._witness.name} answered at a length that none has.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = str(error) or type(error).__name__
            raise CosigningError(f"The witness {self._witness.name} cannot be reached: {what}.") from error
        return answer.status_code, body.decode(errors="replace")

    def _verified(self, note: str, answer: str) -> str:
        """The witness's own line of the answer, if it is a signature over the note's text."""
        for line in answer.split("\n"):
            if self._is_own(line):
                try:
                    open_note(f"{note_text(note)}\n{line}\n", [self._witness.verifier])
                except NoteError:
                    break
                return f"{line}\n"
        raise CosigningError(f"The witness {self._witness.name} answered with no cosignature of its own.")

    def _is_own(self, line: str) -> bool:
        """True if a signature line names the witness's key."""
        try:
            name, key_id, _ = read_signature_line(line)
        except NoteError:
            return False
        return (name, key_id) == (self._witness.verifier.name, self._witness.verifier.key_id)
