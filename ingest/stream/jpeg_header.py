"""Reads the size of a JPEG from its header, without decoding it."""

import struct

_FRAME = struct.Struct(">BHH")
_NO_FRAMES = {0xC4, 0xC8, 0xCC}
"""DHT, JPG and DAC lie among the frame headers' markers, C0 to CF (ITU-T T.81, table B.1)."""


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of a JPEG's frame header (ITU-T T.81, B.2.2); None when there is none."""
    place = data.find(b"\xff\xd8") + 2
    while 2 <= place <= len(data) - 4 and data[place] == 0xFF:
        marker, (length,) = data[place + 1], struct.unpack_from(">H", data, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            if place + 4 + _FRAME.size > len(data):
                return None
            _, height, width = _FRAME.unpack_from(data, place + 4)
            return width, height
        place += 2 + length
    return None
