"""Cosignatures (C2SP tlog-cosignature): a witness signs a checkpoint, with the time, if the log has only grown."""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from matcher.tlog.note import PrivateKey, PublicKey, signature_line

_COSIGNATURE = b"\x04"
_TIME = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True)
class CosignatureVerifier(PublicKey):
    """A NoteVerifier for a witness's cosignatures."""

    kind: ClassVar[bytes] = _COSIGNATURE

    def verifies(self, text: str, signature: bytes) -> bool:
        """See NoteVerifier. The signature: u64 seconds since 1970, then Ed25519's 64 bytes."""
        if len(signature) < _TIME.size:
            return False
        (seconds,) = _TIME.unpack_from(signature)
        return self.made(signature[_TIME.size :], _message(text, seconds))


@dataclass(frozen=True, kw_only=True)
class Cosigner(PrivateKey):
    """A witness's private key."""

    kind: ClassVar[bytes] = _COSIGNATURE

    @cached_property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        return CosignatureVerifier(name=self.name, public=self.public)

    def cosign(self, text: str, seconds: int) -> str:
        """The signature line, which states that at this second this was the largest tree that the witness had seen."""
        return signature_line(self.name, self.key_id, _TIME.pack(seconds) + self.sign(_message(text, seconds)))


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
