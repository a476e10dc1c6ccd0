"""Finds JPEGs in what a camera sends, with any text or bytes around them.

Multipart bodies differ from camera to camera in their boundaries, lengths and line ends, and some are wrong; where a
JPEG begins and ends is told by its own markers (ITU-T T.81, annex B).
"""

from collections.abc import Iterator

from ingest.stream.source import CameraStreamError

MAX_JPEG = 32 << 20
"""Bytes of a JPEG at most."""

MAX_HEADER = 1 << 20
"""Bytes of a JPEG before its first scan at most."""

_HEAD = 2
"""Bytes of the start's marker, after which the header's segments come."""

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
        """Up to where the header's segments were walked through."""
        self._searched = 0
        """Up to where the scan's end was looked for already; 0 while the scan was not reached."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Takes bytes; gives each JPEG that is whole by now. Raises CameraStreamError when one is too large."""
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
        """Where the JPEG at the buffer's beginning ends; None when it is not whole. Drops what is before a JPEG."""
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
        """Where the first scan's header begins; None while it has not come. A false start is left behind."""
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
        """Begins again there. start: -1 for no JPEG's start in the buffer, whose last bytes may be half of one."""
        self._walked, self._searched = _HEAD, 0
        del self._buffer[: start if start >= 0 else max(len(self._buffer) - len(_START) + 1, 0)]
