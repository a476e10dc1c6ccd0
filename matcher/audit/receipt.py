"""A receipt: one text that shows, offline, that an entry stands in the log (C2SP tlog-proof).

The entry itself is the proof's extra data, so that its holder can read it without the log.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from matcher.log.entry import AuditEntry
from matcher.log.errors import EntryUnknownError, ReceiptError
from matcher.tlog.bundle import unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError
from matcher.tlog.merkle import leaf_hash, verify_inclusion
from matcher.tlog.note import Verifier, open_note, strict_base64
from matcher.tlog.proof import MOST_HASHES, decode_proof, encode_proof
from matcher.tlog.publication import Publication
from matcher.tlog.tile import WIDTH, Tile
from matcher.tlog.tree import TiledTree

_HEAD = "c2sp.org/tlog-proof@v1"
_FORM = re.compile(
    rf"{re.escape(_HEAD)}\nextra (?P<extra>[^\n]+)\nindex (?P<index>0|[1-9][0-9]{{0,15}})\n"
    rf"(?P<proof>(?:[^\n]+\n){{0,{MOST_HASHES}}})\n(?P<checkpoint>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """data: the entry's leaf. proof: the hashes that lead from it to the root. checkpoint: a signed note."""

    index: int
    data: bytes
    proof: Sequence[bytes]
    checkpoint: str

    @classmethod
    def issue(cls, publication: Publication, index: int) -> Self:
        """The receipt of an entry under the newest checkpoint of one's own log; nothing is checked.

        Raises EntryUnknownError, NoteError and what reading raises.
        """
        note = publication.checkpoint()
        size = Checkpoint.of_own(note).size
        if not 0 <= index < size:
            raise EntryUnknownError(
                f"The audit log has published no entry {index}.",
                remedy=f"Ask for an index below {size}, or again when the log has published more.",
            )
        number, place = divmod(index, WIDTH)
        bundle = Tile(level=None, number=number, width=min(WIDTH, size - number * WIDTH))
        data = unpack_bundle(publication.read(bundle), bundle.width)[place]
        proof = TiledTree(size, publication.read).inclusion(index)
        return cls(index=index, data=data, proof=tuple(proof), checkpoint=note)

    @property
    def text(self) -> str:
        """The receipt's text; its file's name ends in .tlog-proof."""
        extra = base64.b64encode(self.data).decode()
        return f"{_HEAD}\nextra {extra}\nindex {self.index}\n{encode_proof(self.proof)}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parses a receipt's text; nothing is checked yet. Raises ReceiptError."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ReceiptError("it is not a tlog-proof@v1 that holds an entry")
        try:
            proof, data = decode_proof(match["proof"]), strict_base64(match["extra"], "the entry")
        except NoteError as error:
            raise ReceiptError("its proof or its entry is not what base64 of it would be") from error
        return cls(index=int(match["index"]), data=data, proof=tuple(proof), checkpoint=match["checkpoint"])

    def verified(self, verifier: Verifier) -> tuple[AuditEntry, Checkpoint]:
        """Checks the receipt; returns its entry and the checkpoint that covers it. Raises ReceiptError, NoteError, and
        EntryNewerError for an entry of a version that this code does not know. verifier: the log's public key, which
        must not come from the receipt's giver.
        """
        checkpoint = Checkpoint.parse(open_note(self.checkpoint, [verifier]))
        if checkpoint.origin != verifier.name:
            raise ReceiptError("its checkpoint is of another log than the key")
        if not verify_inclusion(leaf_hash(self.data), self.index, checkpoint.size, self.proof, checkpoint.root):
            raise ReceiptError("its entry does not lead to the root that the log signed")
        try:
            return AuditEntry.of(self.index, self.data), checkpoint
        except (ValueError, RecursionError) as error:
            raise ReceiptError("the log holds it, but it is no entry") from error
