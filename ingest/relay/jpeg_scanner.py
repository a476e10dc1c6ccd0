"""Finds JPEGs in a camera's bytes, with any text or bytes around them. Multipart bodies differ from camera to camera in
their boundaries, lengths and line ends, and some are wrong; the beginning and end of a JPEG follow from its own markers
(ITU-T T.81, annex B).
"""

from collections.abc import Iterator

from ingest.stream.source import CameraStreamError

MAX_JPEG = 32 << 20
"""The most bytes of a JPEG."""

MAX_HEADER = 1 << 20
"""The most bytes of a JPEG before its first scan."""

_HEAD = 2
"""The length of the start marker in bytes; the header's segments follow it."""

_START = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_SCAN = 0xDA
_BOUNDS = {0xD8, 0xD9}
"""The start's and the end's markers, which no header holds."""

_ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length: TEM and the restarts."""


class JpegScanner:
    """Cuts JPEGs out of bytes as they come. Owned by one task."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._walked = _HEAD
        """The position up to which the header's segments were read."""
        self._searched = 0
        """The position up to which the scan's end was searched for; 0 before the scan."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Adds bytes; yields each JPEG that is complete. Raises CameraStreamError when one is too large."""
        self._buffer += data
        while (end := self._end()) is not None:
            yield bytes(self._buffer[:end])
            self._drop_up_to(end)
        if len(self._buffer) > MAX_JPEG:
            raise CameraStreamError(
                f"The camera sends pictures of more than {MAX_JPEG >> 20} MiB.",
                remedy="Set it to a lower resolution or a stronger compression.",
            )

    def _end(self) -> int | None:
        """The end of the JPEG at the buffer's beginning; None when it is incomplete. Drops bytes before a JPEG."""
        buffer = self._buffer
        while True:
            if not self._searched:
                if not buffer.startswith(_START):
                    self._drop_up_to(buffer.find(_START))
                scan = self._scan()
                if scan is None:
                    return None
                self._searched = scan
            # Inside a scan 0xFF is followed by zero or a restart (B.1.1.5): a new start means that the rest was lost.
            end = buffer.find(_END, self._searched)
            again = buffer.find(_START, self._searched, end if end >= 0 else len(buffer))
            if again >= 0:
                self._drop_up_to(again)
                continue
            if end >= 0:
                return end + len(_END)
            self._searched = max(self._searched, len(buffer) - len(_START) + 1)
            return None

    def _scan(self) -> int | None:
        """The position of the first scan's header; None if it has not arrived. A false start is skipped."""
        buffer = self._buffer
        while self._walked + 4 <= len(buffer):
            place = self._walked
            marker = buffer[place + 1]
            if buffer[place] != 0xFF or marker in _BOUNDS or place > MAX_HEADER:
                self._drop_up_to(buffer.find(_START, 1))
            elif marker == _SCAN:
                return place + 2
            elif marker == 0xFF:
                self._walked += 1
            elif marker in _ALONE:
                self._walked += 2
            else:
                self._walked += 2 + int.from_bytes(buffer[place + 2 : place + 4])
        return None

    def _drop_up_to(self, start: int) -> None:
        """Begins again at a position. start: -1 if the buffer has no JPEG's start; its last bytes may be half of
        one."""
        self._walked, self._searched = _HEAD, 0
        del self._buffer[: start if start >= 0 else max(len(self._buffer) - len(_START) + 1, 0)]
