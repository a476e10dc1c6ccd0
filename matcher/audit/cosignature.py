"""Cosignatures (C2SP tlog-cosignature): a witness says when it saw a checkpoint of a log that had only grown."""

import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.audit.errors import NoteError
from matcher.audit.note import check_name, encode_key, key_id_of, parse_key, signature_line

COSIGNATURE = b"\x04"
"""The type of a witness's key."""

_PRIVATE = "PRIVATE+KEY+"
_TIME = struct.Struct(">Q")
_SIGNATURE_BYTES = 64


def _mismatch(what: str) -> NoteError:
    return NoteError(f"This is no witness's {what}.", remedy="Copy it anew, whole, from whoever gave it to you.")


@dataclass(frozen=True, kw_only=True)
class CosignatureVerifier:
    """A NoteVerifier for a witness's cosignatures."""

    name: str
    public: bytes

    @cached_property
    def key_id(self) -> bytes:
        """See NoteVerifier."""
        return key_id_of(self.name, COSIGNATURE, self.public)

    def __str__(self) -> str:
        """The verifier key, as published."""
        return encode_key(self.name, self.key_id, COSIGNATURE + self.public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of that form. Raises NoteError."""
        name, key_id, raw = parse_key(text.strip(), COSIGNATURE)
        if key_id != key_id_of(name, COSIGNATURE, raw):
            raise _mismatch("key")
        return cls(name=name, public=raw)

    def verifies(self, text: str, signature: bytes) -> bool:
        """See NoteVerifier. The signature: u64 seconds since 1970, then Ed25519's 64 bytes."""
        if len(signature) != _TIME.size + _SIGNATURE_BYTES:
            return False
        (seconds,) = _TIME.unpack_from(signature)
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(signature[_TIME.size :], _message(text, seconds))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class Cosigner:
    """A witness's private key, by name."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new random key. Raises NoteError if that can be no key's name."""
        return cls(name=check_name(name), seed=Ed25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        return CosignatureVerifier(name=self.name, public=self._private.public_key().public_bytes_raw())

    def encode(self) -> str:
        """The secret form, for the key's file."""
        return _PRIVATE + encode_key(self.name, self.verifier.key_id, COSIGNATURE + self.seed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that was encoded. Raises NoteError."""
        name, key_id, raw = parse_key(text.rstrip().removeprefix(_PRIVATE), COSIGNATURE)
        cosigner = cls(name=name, seed=raw)
        if not text.startswith(_PRIVATE) or cosigner.verifier.key_id != key_id:
            raise _mismatch("private key")
        return cosigner

    def cosign(self, text: str, seconds: int) -> str:
        """The signature line that says: at this second, this was the largest tree that the witness had seen."""
        signature = _TIME.pack(seconds) + self._private.sign(_message(text, seconds))
        return signature_line(self.name, self.verifier.key_id, signature)


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
