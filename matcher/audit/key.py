"""The log's own signing key: `log.key` in the data folder, readable by its owner only.

Until the first head that it signed is durable, a new key stands under another name. So where there is a `log.key` there
was a log, and a start that was cut off is told from a log that was wiped.
"""

import uuid
from pathlib import Path

from matcher.audit.errors import LogKeyError, NoteError
from matcher.audit.note import Signer
from matcher.store.sealing import write_secret
from matcher.store.whole_file import sync_folder

LOG_KEY_FILE = "log.key"
_DRAFT_FILE = "log.key.new"


def read_log_key(folder: Path) -> Signer | None:
    """The key of this data folder's log; None if it has none yet. Raises LogKeyError if it cannot be read."""
    return _read(folder / LOG_KEY_FILE)


def read_verifier_key(folder: Path) -> str:
    """The public half of this data folder's log key, as `AuditLog.verifier_key` gives it. Raises LogKeyError."""
    signer = read_log_key(folder)
    if signer is None:
        raise LogKeyError(f"There is no audit log in {folder}.", remedy="Name the right data folder with --data.")
    return str(signer.verifier)


def draft_log_key(folder: Path) -> Signer:
    """The key of a log that is about to begin, under an origin like no other log's; not `read_log_key`'s yet."""
    left = read_draft(folder)
    if left is not None:
        return left
    signer = Signer.generate(f"clearglass/{uuid.uuid4().hex[:16]}")
    write_secret(folder / _DRAFT_FILE, signer.encode().encode() + b"\n")
    return signer


def read_draft(folder: Path) -> Signer | None:
    """The key that a start left behind before it was adopted. Raises LogKeyError if it cannot be read."""
    return _read(folder / _DRAFT_FILE)


def adopt_draft(folder: Path) -> None:
    """Makes the draft the log's key; on the disk when this returns."""
    (folder / _DRAFT_FILE).rename(folder / LOG_KEY_FILE)
    sync_folder(folder)


def _read(path: Path) -> Signer | None:
    if not path.exists():
        return None
    try:
        return Signer.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise LogKeyError(
            f"The audit log's key {path} cannot be read.", remedy="Put log.key back from your backup."
        ) from error
