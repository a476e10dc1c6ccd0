"""The messages between the service and the process that decodes its pictures: lengths and a header of fixed size.

A request is LENGTH, the number of bytes of a picture, and the bytes. An answer is an `Answer`; after that of a decoded
picture come its pixels, rows from top to bottom, BGR.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

LENGTH = struct.Struct(">I")

READY = b"+"
"""The process sends this once, when it is confined and accepts requests."""

SECONDS = 20
"""Seconds that decoding a picture may take. The slowest photograph, a noisy HEIC of 50 megapixels and 17 MB, takes
3.3 s of a core of an AMD EPYC."""

_HEADER = struct.Struct(">BIII")


class Verdict(IntEnum):
    """The result for a picture. SLOW, FAILED and KILLED are set by the service; the process does not send them. KILLED:
    by the kernel, for lack of memory, or by another process; the picture itself may be valid.
    """

    DECODED = 0
    FORMAT = 1
    PIXELS = 2
    SCANS = 3
    MEMORY = 4
    BROKEN = 5
    SLOW = 6
    FAILED = 7
    KILLED = 8


@dataclass(frozen=True, kw_only=True)
class Answer:
    """width, height: in pixels, of the decoded picture, or of the sent one if it was refused; 0 if unknown. most: the
    limit that was exceeded (pixels, scans, bytes of memory or seconds); 0 where there is none.
    """

    verdict: Verdict
    width: int = 0
    height: int = 0
    most: int = 0

    SIZE = _HEADER.size
    """Bytes of an answer."""

    def packed(self) -> bytes:
        """The answer as SIZE bytes."""
        return _HEADER.pack(self.verdict, self.width, self.height, self.most)

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """From SIZE bytes. Raises ValueError where they are no answer."""
        verdict, width, height, most = _HEADER.unpack(data)
        return cls(verdict=Verdict(verdict), width=width, height=height, most=most)


class UndecodedError(Exception):
    """The bytes gave no picture. Never shown to people: `matcher.recognition.image` turns it into an error for them."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer
