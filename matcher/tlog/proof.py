"""The hashes of a proof as text, one a line in base64: as C2SP tlog-proof and tlog-witness have them."""

import base64
from collections.abc import Sequence

from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import HASH_BYTES
from matcher.tlog.note import strict_base64

MOST_HASHES = 63
"""The most hashes of one proof: no tree is higher."""


def encode_proof(hashes: Sequence[bytes]) -> str:
    """Lines that each end in a newline."""
    return "".join(f"{base64.b64encode(one).decode()}\n" for one in hashes)


def decode_proof(lines: str) -> list[bytes]:
    """The hashes of such lines, 32 bytes each. Raises NoteError."""
    hashes = [strict_base64(line, "the proof") for line in lines.split("\n")[:-1]]
    if any(len(one) != HASH_BYTES for one in hashes):
        raise NoteError("A hash of the proof has another length than 32 bytes.", remedy="Fetch the proof again.")
    return hashes
