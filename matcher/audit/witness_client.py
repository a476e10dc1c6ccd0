"""A witness as a log asks it (C2SP tlog-witness over HTTP)."""

import re
from collections.abc import Callable, Sequence
from http import HTTPStatus

import httpx

from matcher.audit.errors import CosigningError, NoteError
from matcher.audit.note import note_text, open_note
from matcher.audit.policy import KnownWitness
from matcher.audit.proof import encode_proof

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n?", re.ASCII)
_MOST_BYTES = 64 << 10

ProvesFrom = Callable[[int], Sequence[bytes]]
"""Gives the consistency proof from an older size, which is not 0, to the checkpoint's."""


class WitnessClient:
    """One witness, and the size of the log that it last cosigned, as far as is known."""

    def __init__(self, witness: KnownWitness, client: httpx.Client, *, size: int = 0) -> None:
        """client: shared, and its owner's. size: what it is asked from first; the witness puts it right."""
        self.witness = witness
        self.size = size
        self._client = client

    def cosign(self, note: str, size: int, proves: ProvesFrom) -> str:
        """Its cosignature lines of a checkpoint of this size. Raises CosigningError.

        A witness that has seen a longer log than this one is told of by the error: the log has lost entries, or is
        told twice.
        """
        answer = self._asked(note, size, proves)
        if answer.status_code == HTTPStatus.CONFLICT and (match := _SIZE.fullmatch(answer.text)):
            known = int(match[1])
            if known > size:
                raise CosigningError(
                    f"The witness {self.witness.name} has cosigned {known} entries of this log, which has {size}.",
                    remedy="Entries were lost, by a restored backup or worse: keep this folder, and find out.",
                )
            self.size = known
            answer = self._asked(note, size, proves)
        if answer.status_code != HTTPStatus.OK:
            what = answer.text.strip()[:200]
            raise CosigningError(f"The witness {self.witness.name} refused, with status {answer.status_code}: {what}")
        lines = self._verified(note, answer.text)
        self.size = size
        return lines

    def _asked(self, note: str, size: int, proves: ProvesFrom) -> httpx.Response:
        old = min(self.size, size)
        proof = proves(old) if 0 < old < size else ()
        body = f"old {old}\n{encode_proof(proof)}\n{note}"
        try:
            answer = self._client.post(f"{str(self.witness.address).rstrip('/')}/add-checkpoint", content=body.encode())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = str(error) or type(error).__name__
            raise CosigningError(f"The witness {self.witness.name} cannot be reached: {what}.") from error
        if len(answer.content) > _MOST_BYTES:
            raise CosigningError(f"The witness {self.witness.name} answered at a length that no answer has.")
        return answer

    def _verified(self, note: str, answer: str) -> str:
        """Those lines of the answer that are its own, if they are signatures over the note's text."""
        own = [line for line in answer.split("\n") if line.split(" ")[1:2] == [self.witness.verifier.name]]
        lines = "".join(f"{line}\n" for line in own)
        try:
            open_note(f"{note_text(note)}\n{lines}", [self.witness.verifier])
        except NoteError as error:
            raise CosigningError(f"The witness {self.witness.name} answered with no cosignature of its own.") from error
        return lines
