"""Encryption at rest: AES-256-GCM, one key per subject, each wrapped under the master key.

A sealed value is bound to its context (what it is, and whose): put in another row it does not open.
Format: version byte 1, nonce (12 bytes), ciphertext and tag.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import ClassVar, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select

from matcher.errors import ClearglassError
from matcher.folder.privacy import require_private_key
from matcher.folder.secret_file import write_secret
from matcher.store import tables
from matcher.store.database import Database

KEY_BYTES = 32
MASTER_KEY_FILE = "master.key"
_VERSION = b"\x01"
_NONCE_BYTES = 12
_NONCE = slice(len(_VERSION), len(_VERSION) + _NONCE_BYTES)
_CIPHERTEXT = slice(_NONCE.stop, None)
_CHECK = b"clearglass master key"


class SealError(ClearglassError):
    """A sealed value does not open: the key is another, or the value was changed or moved."""

    code: ClassVar[str] = "seal_broken"


class MasterKeyError(ClearglassError):
    """The master key is missing, malformed, or not the one this data was sealed with."""

    code: ClassVar[str] = "master_key"


class SealingKey:
    """One AES-256-GCM key. Shown by neither repr nor str."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyError(
                f"A key of {len(key)} bytes was given where {KEY_BYTES} are needed.",
                remedy="Give 32 random bytes in base64.",
            )
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(os.urandom(KEY_BYTES))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """The sealed form of `plain`, which opens only with this key and the same context."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """What was sealed. Raises SealError."""
        try:
            if not sealed.startswith(_VERSION):
                raise InvalidTag
            return self._cipher.decrypt(sealed[_NONCE], sealed[_CIPHERTEXT], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(
                f"Sealed data does not open ({context.partition(':')[0]}).",
                remedy="Use the master key it was sealed with; if that is so, put a backup of the data folder back.",
            ) from error

    def exported(self) -> bytes:
        """The 32 bytes themselves: for what opens templates, here or in a process of our own, and for nothing else."""
        return self._key

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF, SHA-256), from which neither this key nor those of other purposes follow."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)


class MasterKey(SealingKey):
    """The key above all others: it wraps subject keys and seals what belongs to no subject."""

    def wrap(self, key: SealingKey, *, context: str) -> bytes:
        """A subject's key, sealed."""
        return self.seal(key._key, context=context)

    def unwrap(self, wrapped: bytes, *, context: str) -> SealingKey:
        """The key that was wrapped. Raises SealError."""
        return SealingKey(self.open(wrapped, context=context))


def load_master_key(database: Database, *, text: str | None = None, file: Path | None = None) -> MasterKey:
    """The master key: from `text` (base64), else from `file`, else from `master.key` in the data folder.

    Only the last is ever made here, and only for a database in which nothing was sealed yet.
    Raises MasterKeyError if it is missing, malformed or not the one the database was sealed with; FolderOpenError for a
    `file` that everybody may read.
    """
    with database.reading() as connection:
        sealed = connection.execute(select(tables.key_check.c.sealed)).scalar()
    default = database.folder / MASTER_KEY_FILE
    if text is not None:
        key = _parse(text, "CLEARGLASS_MASTER_KEY")
    elif file is not None:
        require_private_key(file)
        key = _read(file)
    elif default.exists():
        key = _read(default)
    elif sealed is not None:
        raise MasterKeyError(
            f"The data in {database.folder} is sealed, and its master key is not there.",
            remedy="Set CLEARGLASS_MASTER_KEY or CLEARGLASS_MASTER_KEY_FILE, or put master.key back from your backup.",
        )
    else:
        key = MasterKey.generate()
        write_secret(default, base64.b64encode(key._key) + b"\n")
    _check(database, key, sealed)
    return key


def _check(database: Database, key: MasterKey, sealed: bytes | None) -> None:
    if sealed is None:
        with database.writing() as connection:
            connection.execute(insert(tables.key_check).values(id=1, sealed=key.seal(_CHECK, context="key_check")))
        return
    try:
        key.open(sealed, context="key_check")
    except SealError as error:
        raise MasterKeyError(
            f"The master key given is not the one the data in {database.folder} was sealed with.",
            remedy="Give the key this data folder was made with.",
        ) from error


def _read(path: Path) -> MasterKey:
    try:
        return _parse(path.read_text(encoding="ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyError(
            f"The master key file {path} cannot be read.", remedy="Check that it exists and who may read it."
        ) from error


def _parse(text: str, place: str) -> MasterKey:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyError(f"The master key in {place} is not base64.", remedy="Give 32 bytes in base64.") from error
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"The master key in {place} has {len(key)} bytes, not {KEY_BYTES}.", remedy="Give 32 bytes in base64."
        )
    return MasterKey(key)
