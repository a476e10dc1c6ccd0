"""The log's own signing key: `log.key` in the data folder, readable by its owner only."""

import uuid
from pathlib import Path

from matcher.audit.errors import LogKeyError, NoteError
from matcher.audit.note import Signer
from matcher.store.sealing import write_secret

LOG_KEY_FILE = "log.key"


def read_log_key(folder: Path) -> Signer | None:
    """The key of this data folder's log; None if it has none yet. Raises LogKeyError if it cannot be read."""
    path = folder / LOG_KEY_FILE
    if not path.exists():
        return None
    try:
        return Signer.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise LogKeyError(
            f"The audit log's key {path} cannot be read.", remedy="Put log.key back from your backup."
        ) from error


def read_verifier_key(folder: Path) -> str:
    """The public half of this data folder's log key, as `AuditLog.verifier_key` gives it. Raises LogKeyError."""
    signer = read_log_key(folder)
    if signer is None:
        raise LogKeyError(f"There is no audit log in {folder}.", remedy="Name the right data folder with --data.")
    return str(signer.verifier)


def make_log_key(folder: Path) -> Signer:
    """A new key under a new origin: a log's name must be like no other log's."""
    signer = Signer.generate(f"clearglass/{uuid.uuid4().hex[:16]}")
    write_secret(folder / LOG_KEY_FILE, signer.encode().encode() + b"\n")
    return signer
