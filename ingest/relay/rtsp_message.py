"""RTSP on one TCP connection: messages (RFC 2326) and between them interleaved packets (10.12)."""

import re
import struct
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Self

from ingest.stream.source import CameraStreamError

MAX_HEAD, MAX_BODY = 1 << 16, 1 << 20
"""The most bytes of a message's head, and of its body."""

MAX_JUNK = 1 << 16
"""The most bytes in a row that are neither message nor packet."""

MAX_CHANNEL = 15
"""The highest valid channel of interleaved packets: a client asks for 0 and 1, or a few more."""

LEAST_PACKET = 8
"""Bytes of the shortest RTCP packet (RFC 3550, 6.4.2)."""

_BLOCK = struct.Struct(">BBH")
_DOLLAR = 0x24
_HEAD_END = b"\r\n\r\n"
_BEGIN = re.compile(rb"RTSP/\d\.\d \d|[A-Z_]{3,20} (?:\*|rtsps?:)", re.IGNORECASE)
_MARK = re.compile(rb"\$[\x00-\x0f]|RTSP/1\.0")
_LONGEST_BEGIN = 28
"""The number of bytes by which the beginning of a message is recognised."""


@dataclass(frozen=True, kw_only=True)
class RtspMessage:
    """A request or an answer. start: its three words. headers: names as they came, in order."""

    start: tuple[str, str, str]
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """An answer's status code; None for a request."""
        version, code, _ = self.start
        is_answer = version.upper().startswith("RTSP/") and code.isascii() and code.isdigit() and len(code) == 3
        return int(code) if is_answer else None

    @property
    def method(self) -> str:
        """A request's method."""
        return self.start[0]

    @property
    def uri(self) -> str:
        """A request's address."""
        return self.start[1]

    def all(self, name: str) -> list[str]:
        """The values of each header with this name, in any case of letters."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The value of the first header of this name; empty where there is none."""
        return next(iter(self.all(name)), "")

    def changed(self, *, uri: str | None = None, **headers: str | None) -> Self:
        """A copy with other headers (None removes one) and, for a request, another address."""
        kept = [(key, value) for key, value in self.headers if key.lower() not in headers]
        new = [
            (name.title() if name != "cseq" else "CSeq", value) for name, value in headers.items() if value is not None
        ]
        start = self.start if uri is None else (self.start[0], uri, self.start[2])
        return type(self)(start=start, headers=[*new, *kept], body=self.body)

    def only(self, names: Set[str]) -> Self:
        """A copy without body, and with only those headers of these lower-case names whose values are plain text."""
        kept = [(name, value) for name, value in self.headers if name.lower() in names and value.isprintable()]
        return type(self)(start=self.start, headers=kept)

    def encoded(self) -> bytes:
        """The message as bytes for the connection."""
        lines = [" ".join(self.start).rstrip(), *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + _HEAD_END + self.body


@dataclass(frozen=True, kw_only=True)
class Block:
    """An interleaved packet. data: its bytes, the four of the frame before it included."""

    channel: int
    data: bytes


class RtspReader:
    """Splits received bytes into messages and packets. Bytes that are neither are dropped."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[RtspMessage, int, int] | None = None
        """The message whose body is awaited, where its body begins in the buffer, and where it ends."""
        self._junk = 0
        """Bytes dropped since the last message or packet."""

    def feed(self, data: bytes) -> Iterator[RtspMessage | Block]:
        """Adds bytes; yields the complete messages and packets. Raises CameraStreamError for invalid bytes."""
        buffer = self._buffer
        buffer += data
        place, end = 0, len(buffer)
        try:
            while end - place >= _BLOCK.size:
                if buffer[place] == _DOLLAR:
                    _, channel, length = _BLOCK.unpack_from(buffer, place)
                    if channel > MAX_CHANNEL or length < LEAST_PACKET:
                        place = self._next(place + 1)
                        continue
                    after = place + _BLOCK.size + length
                    if after > end:
                        return
                    yield Block(channel=channel, data=bytes(buffer[place:after]))
                    place, self._junk = after, 0
                    continue
                found = self._message(place)
                if found is None:
                    return
                message, place = found
                if message is not None:
                    self._junk = 0
                    yield message
        finally:
            del buffer[:place]

    def _message(self, place: int) -> tuple[RtspMessage | None, int] | None:
        """The message that begins here and its end; no message where none begins; None where it is incomplete."""
        buffer = self._buffer
        if self._head is None:
            if _BEGIN.match(buffer, place) is None:
                # Blank lines between messages, invalid bytes, or half a line.
                whole = len(buffer) - place >= _LONGEST_BEGIN or not chr(buffer[place]).isalpha()
                return (None, self._next(place + 1)) if whole else None
            stop = buffer.find(_HEAD_END, place)
            if stop < 0:
                if len(buffer) - place > MAX_HEAD:
                    raise _senseless()
                return None
            message = _parsed(bytes(buffer[place:stop]))
            if message is None:
                return None, self._next(place + 1)
            length = message.header("content-length").strip() or "0"
            if not (length.isascii() and length.isdigit() and len(length) < 9) or int(length) > MAX_BODY:
                raise _senseless()
            begin = stop + len(_HEAD_END) - place
            self._head = message, begin, begin + int(length)
        message, begin, end = self._head
        if place + end > len(buffer):
            return None
        self._head = None
        body = bytes(buffer[place + begin : place + end])
        return RtspMessage(start=message.start, headers=message.headers, body=body), place + end

    def _next(self, place: int) -> int:
        """The next position at which a packet or an answer may begin. Raises CameraStreamError after too many bytes
        that are neither."""
        found = _MARK.search(self._buffer, place)
        # The last bytes may be the beginning of a marker.
        after = max(place, len(self._buffer) - 7) if found is None else found.start()
        self._junk += after - place + 1
        if self._junk > MAX_JUNK:
            raise _senseless()
        return after


def _parsed(head: bytes) -> RtspMessage | None:
    """The message of this head; None where it is invalid."""
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    words = first.split(" ", 2)
    words += [""] * (3 - len(words))
    if not (words[0].startswith("RTSP/") or words[2].startswith("RTSP/")):
        return None
    headers = [(name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon]
    return RtspMessage(start=(words[0], words[1], words[2]), headers=headers)


def _senseless() -> CameraStreamError:
    return CameraStreamError(
        "What the camera sends is no RTSP.", remedy="Check the address's port: RTSP is mostly on 554, pages on 80."
    )
