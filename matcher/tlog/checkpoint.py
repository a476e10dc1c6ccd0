"""A checkpoint: the whole log in three lines, after C2SP tlog-checkpoint."""

import base64
import re
from dataclasses import dataclass
from typing import Self

from matcher.tlog.errors import NoteError
from matcher.tlog.note import note_text, strict_base64

_FORM = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?P<rest>(?:[^\n]+\n)*)"
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """origin: the log's name, unique among all logs. root: 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The body of the signed note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint of that body; extension lines are passed over. Raises NoteError."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise NoteError("The note's text is no checkpoint.", remedy="Fetch it again from the log's own address.")
        return cls(
            origin=match["origin"], size=int(match["size"]), root=strict_base64(match["root"], "the checkpoint's root")
        )

    @classmethod
    def of_own(cls, note: str) -> Self:
        """The checkpoint of a note of one's own log, whose signatures are not checked. Raises NoteError."""
        return cls.parse(note_text(note))
