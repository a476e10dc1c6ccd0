"""JPEG files (ITU-T T.81) that are valid and difficult to read."""

import struct

VAST_SIDE = 16_000
"""Width and height in pixels of `vast_jpeg`."""

_START = b"\xff\xd8"
_APP1, _START_OF_FRAME, _START_OF_SCAN, _END = b"\xff\xe1", b"\xff\xc0", b"\xff\xda", b"\xff\xd9"

_GREY_BLOCKS = bytes.fromhex("28a28a")
"""The code of four 8×8 blocks equal to the previous block, with the standard Huffman tables (T.81, K.3): 00 = unchanged
DC, 1010 = end of block."""


def with_thumbnail(jpeg: bytes, thumbnail: bytes) -> bytes:
    """Adds a JPEG thumbnail (at most 65,000 bytes) in an Exif segment, as cameras do.

    A reader that searches for the picture's end marker finds the end marker of the thumbnail first.
    """
    # Two directories: an empty one for the picture, and one with the thumbnail's offset and length (Exif 2.3).
    tiff = struct.pack("<2sHIHI", b"II", 42, 8, 0, 14)
    tiff += struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(thumbnail), 0)
    exif = b"Exif\0\0" + tiff + thumbnail
    return _START + _APP1 + struct.pack(">H", len(exif) + 2) + exif + jpeg.removeprefix(_START)


def vast_jpeg() -> bytes:
    """A grey JPEG of VAST_SIDE by VAST_SIDE pixels: 3 MB encoded, 256 MB decoded.

    Built from bytes, without a full-size picture in memory.
    """
    import cv2
    import numpy as np

    small = cv2.imencode(".jpg", np.full((8, 8), 128, np.uint8))[1].tobytes()
    frame, scan = small.index(_START_OF_FRAME), small.index(_START_OF_SCAN)
    size = struct.pack(">HH", VAST_SIDE, VAST_SIDE)
    head = small[: frame + 5] + size + small[frame + 9 : scan]
    # The scan's header has 10 bytes: marker, length (8), one component with its tables, spectral selection.
    return head + small[scan : scan + 10] + _GREY_BLOCKS * ((VAST_SIDE // 8) ** 2 // 4) + _END
