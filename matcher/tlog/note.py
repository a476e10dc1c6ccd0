"""Signed notes, after C2SP signed-note: a text, and below it one line for each signature.

Keys are Ed25519 (type 0x01). A verifier key is written `name+hex8(key id)+base64(type ‖ public key)`; the signer's own
form, after Go's sumdb/note, is `PRIVATE+KEY+name+hex8(key id)+base64(type ‖ seed)`.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import ClassVar, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.tlog.errors import NoteError

_ED25519 = b"\x01"
_KEY_BYTES = 32
_DASH = "\u2014"
_MAX_NOTE = 1_000_000
_MAX_SIGNATURES = 100
_PRIVATE = "PRIVATE+KEY+"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
"""Characters that no text may hold: below U+0020, but for newlines."""


def _invalid(what: str) -> NoteError:
    return NoteError(f"The signed note is not valid: {what}.", remedy="Fetch it again from the log's own address.")


def _key_id_of(name: str, kind: bytes, public: bytes) -> bytes:
    """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
    return sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def _check_name(name: str) -> str:
    """Returns the name if a key may have it. Raises NoteError."""
    if not name or "+" in name or any(character.isspace() for character in name):
        raise _invalid("a key's name is empty or holds a space or a plus")
    return name


class NoteVerifier(Protocol):
    """A public key, by name, of any type."""

    @property
    def name(self) -> str:
        """The key's name."""
        ...

    @property
    def key_id(self) -> bytes:
        """4 bytes that distinguish it from other keys with that name."""
        ...

    def verifies(self, text: str, signature: bytes) -> bool:
        """True if this key made the signature over the text."""
        ...


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """An Ed25519 key of one type, by name. A subclass defines the message that is signed."""

    kind: ClassVar[bytes]
    """The type's byte: keys of one type are not taken for keys of another."""

    name: str
    public: bytes

    @cached_property
    def key_id(self) -> bytes:
        """See NoteVerifier."""
        return _key_id_of(self.name, self.kind, self.public)

    def __str__(self) -> str:
        """The verifier key, as published."""
        return _encode_key(self.name, self.key_id, self.kind + self.public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of that form. Raises NoteError."""
        name, key_id, raw = _parse_key(text.strip(), cls.kind)
        if key_id != _key_id_of(name, cls.kind, raw):
            raise _invalid("the verifier key's id does not fit its key")
        return cls(name=name, public=raw)

    def made(self, signature: bytes, message: bytes) -> bool:
        """True if these 64 bytes are this key's signature of exactly this message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """The private half of a PublicKey of the same type."""

    kind: ClassVar[bytes]

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new random key. Raises NoteError if no key may have that name."""
        return cls(name=_check_name(name), seed=Ed25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def key_id(self) -> bytes:
        """The public half's."""
        return _key_id_of(self.name, self.kind, self.public)

    def encode(self) -> str:
        """The secret form, for the key's file."""
        return _PRIVATE + _encode_key(self.name, self.key_id, self.kind + self.seed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that was encoded. Raises NoteError."""
        if not text.startswith(_PRIVATE):
            raise _invalid("this is no private key")
        name, key_id, raw = _parse_key(text.rstrip().removeprefix(_PRIVATE), cls.kind)
        key = cls(name=name, seed=raw)
        if key.key_id != key_id:
            raise _invalid("the private key's id does not fit its key")
        return key

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        return self._private.sign(message)


@dataclass(frozen=True, kw_only=True)
class Verifier(PublicKey):
    """A NoteVerifier for a log's own signature, which is over the text as it is."""

    kind: ClassVar[bytes] = _ED25519

    def verifies(self, text: str, signature: bytes) -> bool:
        """See NoteVerifier."""
        return self.made(signature, text.encode())


@dataclass(frozen=True, kw_only=True)
class Signer(PrivateKey):
    """A log's private key."""

    kind: ClassVar[bytes] = _ED25519

    @cached_property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(name=self.name, public=self.public)


def sign_note(text: str, *signers: Signer) -> str:
    """The note: the text (it ends in a newline), a blank line, a signature line for each signer. Raises NoteError."""
    _check_text(text)
    lines = []
    for signer in signers:
        lines.append(signature_line(signer.name, signer.key_id, signer.sign(text.encode())))
    return text + "\n" + "".join(lines)


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """One line below a note's text."""
    return f"{_DASH} {name} {base64.b64encode(key_id + signature).decode()}\n"


def note_text(note: str) -> str:
    """The text of a note of one's own, whose signatures are not checked. Raises NoteError if it is malformed."""
    return _split(note)[0]


def open_note(note: str, verifiers: Sequence[NoteVerifier]) -> str:
    """The text, if at least one of the keys signed it.

    Unknown keys are passed over. Raises NoteError if the note is malformed, a known key's signature does not verify,
    or none of the keys signed.
    """
    text, lines = _split(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed = False
    for line in lines:
        name, key_id, signature = read_signature_line(line)
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.verifies(text, signature):
            raise _invalid(f"the signature by {name} does not verify")
        signed = True
    if not signed:
        raise _invalid("none of the keys asked for has signed it")
    return text


def _split(note: str) -> tuple[str, list[str]]:
    if len(note) > _MAX_NOTE:
        raise _invalid("it is too large")
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise _invalid("it has no signatures")
    text = head + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise _invalid("it has too many signatures")
    return text, lines


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _invalid("its text is not UTF-8") from error
    if not text.endswith("\n") or _CONTROL.search(text) is not None:
        raise _invalid("its text does not end in a newline or holds control characters")


def read_signature_line(line: str) -> tuple[str, bytes, bytes]:
    """A key's name, its id (4 bytes) and its signature, of a line without its newline. Raises NoteError."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = strict_base64(encoded, "a signature line")
    if dash != _DASH or len(raw) < 5:
        raise _invalid("a signature line is malformed")
    return _check_name(name), raw[:4], raw[4:]


def _encode_key(name: str, key_id: bytes, raw: bytes) -> str:
    """name+hex8(key id)+base64(raw), raw being the key behind its type."""
    return f"{name}+{key_id.hex()}+{base64.b64encode(raw).decode()}"


def _parse_key(text: str, kind: bytes) -> tuple[str, bytes, bytes]:
    """Name, id and 32 bytes of a key of this type, written as by `_encode_key`. Raises NoteError."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = strict_base64(encoded, "a key")
    if len(key_id) != 8 or key_id.strip("0123456789abcdef") or len(raw) != 1 + _KEY_BYTES or raw[:1] != kind:
        raise _invalid("a key is malformed or of another type")
    return _check_name(name), bytes.fromhex(key_id), raw[1:]


def strict_base64(text: str, place: str) -> bytes:
    """The bytes of a text that is exactly their base64. Raises NoteError, which names the place."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _invalid(f"{place} is not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise _invalid(f"{place} is not canonical base64")
    return raw
