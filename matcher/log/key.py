"""The log's own signing keys: `log.key` in the data folder, readable by its owner only; a line each, the oldest first.

There is one, or two while a new one is introduced: both sign then, so that who knows either can check.

Until the first head that it signed is durable, a new key stands under another name. So where there is a `log.key` there
was a log, and a start that was cut off is told from a log that was wiped.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path

from matcher.folder.secret_file import write_secret
from matcher.folder.whole_file import sync_folder, write_whole
from matcher.log.errors import LogKeyError
from matcher.tlog.errors import NoteError
from matcher.tlog.note import Signer

LOG_KEY_FILE = "log.key"
_DRAFT_FILE = "log.key.new"


def read_log_keys(folder: Path) -> tuple[Signer, ...]:
    """The keys of this data folder's log, none if there is no log yet. Raises LogKeyError if they cannot be read."""
    return _read(folder / LOG_KEY_FILE)


def replace_log_keys(folder: Path, signers: Sequence[Signer]) -> None:
    """Keeps these from now on; on the disk when this returns. Raises LogKeyError."""
    path = folder / LOG_KEY_FILE
    try:
        write_whole(path, "".join(f"{signer.encode()}\n" for signer in signers).encode(), mode=0o600)
    except OSError as error:
        raise LogKeyError(
            f"The audit log's keys {path} cannot be written: {error.strerror}.",
            remedy="See to the disk, then try again.",
        ) from error


def read_verifier_keys(folder: Path) -> tuple[str, ...]:
    """The public halves of this data folder's log keys, the newest last, at least one. Raises LogKeyError."""
    signers = read_log_keys(folder)
    if not signers:
        raise LogKeyError(f"There is no audit log in {folder}.", remedy="Name the right data folder with --data.")
    return tuple(str(signer.verifier) for signer in signers)


def draft_log_key(folder: Path) -> Signer:
    """The key of a log that is about to begin, under an origin like no other log's; not `read_log_keys`' yet."""
    left = read_draft(folder)
    if left:
        return left[0]
    signer = Signer.generate(f"clearglass/{uuid.uuid4().hex[:16]}")
    write_secret(folder / _DRAFT_FILE, signer.encode().encode() + b"\n")
    return signer


def read_draft(folder: Path) -> tuple[Signer, ...]:
    """The key, if any, that a start left behind before it was adopted. Raises LogKeyError if it cannot be read."""
    return _read(folder / _DRAFT_FILE)


def adopt_draft(folder: Path) -> None:
    """Makes the draft the log's key; on the disk when this returns."""
    (folder / _DRAFT_FILE).rename(folder / LOG_KEY_FILE)
    sync_folder(folder)


def _read(path: Path) -> tuple[Signer, ...]:
    if not path.exists():
        return ()
    try:
        return tuple(Signer.parse(line) for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise LogKeyError(
            f"The audit log's key {path} cannot be read.", remedy="Put log.key back from your backup."
        ) from error
