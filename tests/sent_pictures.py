"""Pictures as people and attackers send them: phones' formats of 12 to 50 megapixels, and hostile ones."""

import io
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from matcher.picture.exchange import Verdict

ALL = os.environ.get("CLEARGLASS_PICTURES") == "all"
"""True if each of them is sent, with the noise of a sensor, and not only some."""

FILES = Path(__file__).parent / "matcher/picture/pictures"

TWELVE, FIFTY = (4032, 3024), (8160, 6144)


def photograph(size: tuple[int, int], mode: str = "RGB") -> Pillow.Image:
    """A flat picture; with all pictures asked for, one with the noise of a sensor."""
    if not ALL:
        return Pillow.new("RGB", size, (120, 90, 60)).convert(mode)
    noise = np.random.default_rng(1).integers(100, 112, (size[1], size[0], 3), dtype=np.uint8)
    return Pillow.fromarray(noise).convert(mode)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    return saved(photograph(size, mode), "JPEG", quality=80, **options)


def png(size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    return saved(Pillow.new(mode, size), "PNG", compress_level=1, **options)


def webp(size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    return saved(Pillow.new(mode, size), "WEBP", method=0, **options)


def lying() -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    return exif


def deep_png(size: tuple[int, int]) -> bytes:
    return saved(Pillow.fromarray(np.zeros((size[1], size[0]), np.uint16)), "PNG", compress_level=1)


def see_through_palette(size: tuple[int, int]) -> bytes:
    return saved(Pillow.new("P", size), "PNG", compress_level=1, transparency=b"\x80")


def bomb_of_scans(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG that says its last refinement again and again."""
    data = saved(Pillow.new("RGB", size), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def flat_webp(width: int, height: int) -> bytes:
    """A lossless WebP of one colour, which takes no bit for a pixel: the size of a small one is made larger."""
    data = bytearray(webp((8, 8), lossless=True))
    bits = struct.unpack_from("<I", data, 21)[0] & ~0x0FFFFFFF
    struct.pack_into("<I", data, 21, bits | (width - 1) | (height - 1) << 14)
    return bytes(data)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join((header, *chunks)) + chunk(b"IEND", b"")


def bomb_of_text() -> bytes:
    text = PngInfo()
    text.add_text("Comment", "x" * 30_000_000, zip=True)
    return saved(Pillow.new("RGB", (9, 9)), "PNG", pnginfo=text)


def moving(kind: str, size: tuple[int, int]) -> bytes:
    frames = [Pillow.new("RGB", size, colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)


def jpeg_header_of(width: int, height: int, **options: object) -> bytes:
    data = bytearray(saved(Pillow.new("RGB", (16, 16)), "JPEG", **options))
    place = data.index(b"\xff\xc2" if "progressive" in options else b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def file(name: str) -> Callable[[], bytes]:
    return (FILES / name).read_bytes


Sent = Callable[[], bytes]
READ = (Verdict.DECODED,)
EITHER = (Verdict.BROKEN, Verdict.DECODED)

PHOTOGRAPHS: Mapping[str, Sent] = {
    "JPEG 12": lambda: jpeg(TWELVE),
    "JPEG 12, 4:4:4": lambda: jpeg(TWELVE, subsampling=0),
    "JPEG 12, progressive": lambda: jpeg(TWELVE, progressive=True),
    "JPEG 12, progressive, 4:4:4": lambda: jpeg(TWELVE, progressive=True, subsampling=0),
    "JPEG 12, CMYK": lambda: jpeg(TWELVE, "CMYK"),
    "JPEG 12, grey": lambda: jpeg(TWELVE, "L"),
    "JPEG 12, turned": lambda: jpeg(TWELVE, exif=lying()),
    "JPEG 24": lambda: jpeg((5712, 4284)),
    "JPEG 50": lambda: jpeg(FIFTY),
    "JPEG 50, progressive": lambda: jpeg(FIFTY, progressive=True),
    "JPEG 50, turned": lambda: jpeg(FIFTY, exif=lying()),
    "PNG 12": lambda: png(TWELVE),
    "PNG 12, transparent": lambda: png(TWELVE, "RGBA"),
    "PNG 12, 16 bits": lambda: deep_png(TWELVE),
    "PNG 50": lambda: png(FIFTY),
    "PNG 50, transparent palette": lambda: see_through_palette(FIFTY),
    "WebP 12": lambda: webp(TWELVE),
    "WebP 24, lossless": lambda: flat_webp(6000, 4000),
    "HEIC 12": file("twelve.heic"),
    "HEIC 50": file("fifty.heic"),
    "AVIF 50": file("fifty.avif"),
    "HEIC, turned": file("turned.heic"),
    "HEIC, 10 bits": file("ten_bits.heic"),
    "HEIC, transparent": file("transparent.heic"),
}
"""By format and megapixels."""

MORE_PHOTOGRAPHS: Mapping[str, Sent] = {
    "JPEG 24, progressive": lambda: jpeg((5712, 4284), progressive=True),
    "PNG 12, turned": lambda: png(TWELVE, exif=lying()),
    "WebP 12, transparent": lambda: webp(TWELVE, "RGBA"),
    "JPEG 44": lambda: jpeg((7700, 5800)),
    "JPEG 45": lambda: jpeg((7860, 5800)),
    "JPEG 50, 4:4:4": lambda: jpeg(FIFTY, subsampling=0),
    "JPEG 50, CMYK": lambda: jpeg(FIFTY, "CMYK"),
    "JPEG 50, grey": lambda: jpeg(FIFTY, "L"),
    "JPEG 50, progressive, grey": lambda: jpeg(FIFTY, "L", progressive=True),
    "PNG 50, palette": lambda: png((7200, 7200), "P"),
    "PNG 50, transparent": lambda: png(FIFTY, "RGBA"),
    "PNG 50, 16 bits": lambda: deep_png(FIFTY),
    "PNG 50, turned": lambda: png(FIFTY, exif=lying()),
    "WebP 24": lambda: webp((6000, 4000)),
    "AVIF 12": lambda: saved(photograph(TWELVE), "AVIF", speed=10),
    "AVIF 12, 4:4:4": lambda: saved(photograph(TWELVE), "AVIF", speed=10, subsampling="4:4:4"),
}

HOSTILE: Mapping[str, tuple[Sent, tuple[Verdict, ...]]] = {
    "WebP of 34 bytes, 49 megapixels": (lambda: flat_webp(7000, 7000), (Verdict.PIXELS,)),
    "WebP of 34 bytes, 268 megapixels": (lambda: flat_webp(16383, 16383), (Verdict.PIXELS,)),
    "WebP, moving": (lambda: moving("WEBP", (1000, 1000)), READ),
    "PNG, a header": (lambda: png_of(65_535, 65_535), (Verdict.PIXELS,)),
    "PNG, a bomb of text": (bomb_of_text, (Verdict.BROKEN,)),
    "PNG, a bomb of a profile": (
        lambda: png_of(9, 9, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(30_000_000)))),
        (Verdict.BROKEN,),
    ),
    "PNG, more pixels than it promised": (
        lambda: png_of(9, 9, chunk(b"IDAT", zlib.compress(bytes(30_000_000)))),
        EITHER,
    ),
    "PNG, moving": (lambda: moving("PNG", (1000, 1000)), READ),
    "JPEG, a header": (lambda: jpeg_header_of(65_500, 65_500), (Verdict.PIXELS,)),
    "JPEG, a header of 50 megapixels": (lambda: jpeg_header_of(*FIFTY), EITHER),
    "JPEG, a bomb of scans": (lambda: bomb_of_scans(TWELVE, 2000), (Verdict.SCANS,)),
    "JPEG, as many scans as are read": (lambda: bomb_of_scans(TWELVE, 41), READ),
    "JPEG 50, progressive, 4:4:4": (
        lambda: jpeg_header_of(*FIFTY, progressive=True, subsampling=0),
        (Verdict.MEMORY,),
    ),
    "JPEG 24, cut short": (lambda: jpeg((5712, 4284))[:100_000], (Verdict.BROKEN,)),
    "HEIC, cut short": (lambda: file("fifty.heic")()[:9000], (Verdict.BROKEN,)),
    "AVIF, cut short": (lambda: file("fifty.avif")()[:700], (Verdict.BROKEN,)),
    "AVIF, moving": (lambda: moving("AVIF", (640, 480)), READ),
}


def sent() -> Mapping[str, tuple[Sent, tuple[Verdict, ...]]]:
    """What is to be sent, by name, and what may come of it."""
    photographs = {**PHOTOGRAPHS, **(MORE_PHOTOGRAPHS if ALL else {})}
    return {name: (make, READ) for name, make in photographs.items()} | dict(HOSTILE)
