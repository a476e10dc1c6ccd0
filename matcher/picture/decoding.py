"""Decodes untrusted bytes to a picture that is upright, in colour and of at most KEPT_PIXELS. It runs in the process of
`matcher.picture.decoder_process`, which is confined and has little memory: a large picture is converted and scaled down
in strips, and Pillow's memory is released as soon as possible.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from matcher.picture.exchange import Answer, UndecodedError, Verdict
from matcher.process.child_process import limit_data

if TYPE_CHECKING:
    from PIL import Image as Pillow
    from PIL.JpegImagePlugin import JpegImageFile

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF")
"""Format names of Pillow. AVIF before HEIF: files of both may begin with the brand mif1, and only AVIF's plugin reads
further."""

MAX_PIXELS = 52_000_000
"""The most pixels that a header may declare: photographs of 50 megapixels have up to 8736×5856."""

MAX_SIDE = 65_535
"""The longest side in pixels, that of the JPEG format: no photograph has a longer one."""

MAX_WEBP_PIXELS = 24_000_000
"""Pillow decodes WebP by libwebp's decoder of animations, which holds 16 to 20 bytes for each pixel."""

AT_ONCE = 2
"""How many pictures are decoded simultaneously. The memory needed grows with it."""

KEPT_PIXELS = 4096 * 3072
"""Larger pictures are scaled down to this number of pixels: that of most phones' pictures, and half of 8192×6144 each
way."""

MAX_SCANS = 50
"""Progressive JPEGs are written with about ten scans. Each one costs a pass over the whole picture."""

JPEG_MEMORY, MEMORY = 300_000_000, 550_000_000
"""Bytes of memory that the process may use while it decodes a JPEG, or any other picture."""

CODE_MEMORY = 20_000_000
"""The part of them that RLIMIT_DATA does not count: pages of the interpreter and the libraries. Measured: 18 million
bytes."""

_JPEG_PIXELS_MEMORY = 220_000_000
"""The part of JPEG_MEMORY for a JPEG's coefficients and pixels. The rest is for its bytes and the interpreter."""

_ENOUGH = 0.9
"""A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves this share of KEPT_PIXELS."""

_STRIP_PIXELS = 1 << 19

_BROKEN = (
    *(OSError, EOFError, SyntaxError, ValueError, IndexError, KeyError, OverflowError, RuntimeError),
    *(struct.error, zlib.error),
)
"""The errors that the decoders are known to raise for damaged input; any other error is a fault of this code."""


def load_libraries() -> None:
    """Imports all that `decode` needs and runs it once, because a confined process cannot import any more."""
    import warnings

    from PIL import AvifImagePlugin, MpoImagePlugin, TiffImagePlugin  # noqa: F401
    from PIL import Image as Pillow
    from pillow_heif import register_heif_opener

    warnings.simplefilter("ignore")  # Pillow's warnings about damaged metadata have no reader here
    # More than twice this is an error for Pillow, which for WebP it finds before memory is reserved.
    Pillow.MAX_IMAGE_PIXELS = 31_000_000
    # Each further thread of a decoder takes more memory.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    exif = Pillow.Exif()
    exif[_ORIENTATION] = 6
    for kind in ("JPEG", "PNG", "WEBP"):
        sample = io.BytesIO()
        Pillow.new("RGBA" if kind == "PNG" else "RGB", (8, 8)).save(sample, kind, exif=exif)
        list(rows(decode(sample)))


def libheif_version() -> str:
    """Options of the library that reads HEIC."""
    import pillow_heif

    return pillow_heif.libheif_version()


def decode(stream: io.BytesIO) -> "Pillow.Image":
    """The picture in RGB, upright as its file says, of at most KEPT_PIXELS.

    Transparent parts become white, grey and CMYK become colour, 16 bits become 8, of an animation the first picture is
    taken. Raises UndecodedError.
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    limit_data(MEMORY - CODE_MEMORY)
    try:
        return _decoded(stream)
    except Pillow.DecompressionBombError as error:
        raise UndecodedError(Answer(verdict=Verdict.PIXELS, most=MAX_PIXELS)) from error
    except MemoryError as error:
        most = JPEG_MEMORY if stream.getvalue().startswith(b"\xff\xd8") else MEMORY
        raise UndecodedError(Answer(verdict=Verdict.MEMORY, most=most)) from error
    except UnidentifiedImageError as error:
        verdict = Verdict.BROKEN if _begins_like_a_picture(stream) else Verdict.FORMAT
        raise UndecodedError(Answer(verdict=verdict)) from error
    except _BROKEN as error:
        raise UndecodedError(Answer(verdict=Verdict.BROKEN)) from error


def rows(picture: "Pillow.Image") -> Iterator[bytes]:
    """The pixels of an RGB picture as BGR, some rows at a time."""
    for strip in _strips(picture.size):
        yield picture.crop((0, strip.start, picture.width, strip.stop)).tobytes("raw", "BGR")


def _decoded(stream: io.BytesIO) -> "Pillow.Image":
    from PIL import Image as Pillow

    with Pillow.open(stream, formats=FORMATS) as opened:
        _check_pixels(opened)
        if opened.format in ("JPEG", "MPO"):
            _prepare_jpeg(cast("JpegImageFile", opened), stream)
        opened.load()
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    fitted = _fitted(opened)
    del opened  # and the pixels that it was computed from
    return fitted if turn is None else fitted.transpose(Pillow.Transpose(turn))


def _begins_like_a_picture(stream: io.BytesIO) -> bool:
    from PIL import Image as Pillow

    prefix = bytes(stream.getbuffer()[:16])
    return any(accept is not None and accept(prefix) for _, accept in (Pillow.OPEN[kind] for kind in FORMATS))


def _check_pixels(picture: "Pillow.Image") -> None:
    most = MAX_WEBP_PIXELS if picture.format == "WEBP" else MAX_PIXELS
    if picture.width * picture.height > most or max(picture.size) > MAX_SIDE:
        raise _refused(Verdict.PIXELS, picture, most)


def _prepare_jpeg(picture: "JpegImageFile", stream: io.BytesIO) -> None:
    """Chooses at what size the picture is decoded, and refuses those whose decoding costs too much."""
    limit_data(JPEG_MEMORY - CODE_MEMORY)
    pixels = picture.width * picture.height
    # Of a picture in several scans, all coefficients (16 bits each) are in memory before the first pixel is made.
    coefficients = 0
    if "progressive" in picture.info:
        if _scans(picture, stream) > MAX_SCANS:
            raise _refused(Verdict.SCANS, picture, MAX_SCANS)
        coefficients = round(2 * _samples(picture) * pixels)
    bytes_a_pixel = 1 if picture.mode == "L" else 4
    for scale in (1, 2, 4, 8):
        decoded = pixels / scale**2
        beside = max(coefficients, 4 * KEPT_PIXELS)
        if decoded / 4 < _ENOUGH * KEPT_PIXELS and bytes_a_pixel * decoded + beside <= _JPEG_PIXELS_MEMORY:
            break
    else:
        raise _refused(Verdict.MEMORY, picture, JPEG_MEMORY)
    if scale > 1:
        picture.draft(None, (picture.width // scale, picture.height // scale))


def _scans(picture: "JpegImageFile", stream: io.BytesIO) -> int:
    """The number of scans after the first one, up to the picture's end."""
    data = stream.getvalue()
    # Pillow has read up to the first scan, but goes back to the beginning where there are several pictures.
    begin = 0 if picture.format == "MPO" else stream.tell()
    end = data.find(b"\xff\xd9", begin)
    return data.count(b"\xff\xda", begin, len(data) if end < 0 else end)


def _samples(picture: "JpegImageFile") -> float:
    """Samples a pixel, all components together: 1.5 where colour has half the resolution each way."""
    across = max(horizontal for _, horizontal, _, _ in picture.layer)
    down = max(vertical for _, _, vertical, _ in picture.layer)
    sampled = sum(horizontal * vertical for _, horizontal, vertical, _ in picture.layer)
    return sampled / max(1, across * down)


def _fitted(picture: "Pillow.Image") -> "Pillow.Image":
    """The picture in RGB, of at most KEPT_PIXELS; the same object if it is so already."""
    from PIL import Image as Pillow

    width, height = _kept_size(picture.size)
    scaled = (width, height) != picture.size
    if not scaled and picture.mode == "RGB" and not picture.has_transparency_data:
        return picture
    fitted = Pillow.new("RGB", (width, height))
    step = picture.height / height
    for strip in _strips((width, height)):
        begin, end = strip.start * step, min(strip.stop * step, picture.height)
        # The filter weights the rows within one step around each row of its output.
        first, last = max(0, math.floor(begin - step)), min(picture.height, math.ceil(end + step))
        part = _coloured(picture.crop((0, first, picture.width, last)))
        if scaled:
            box = (0.0, begin - first, float(picture.width), end - first)
            part = part.resize((width, len(strip)), Pillow.Resampling.BILINEAR, box=box)
        else:
            part = part.crop((0, strip.start - first, width, strip.stop - first))
        fitted.paste(part, (0, strip.start))
    return fitted


def _kept_size(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, math.sqrt(KEPT_PIXELS / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _strips(size: tuple[int, int]) -> Iterator[range]:
    """Ranges of rows of a picture of this width and height."""
    width, height = size
    rows_at_once = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows_at_once):
        yield range(top, min(height, top + rows_at_once))


def _coloured(picture: "Pillow.Image") -> "Pillow.Image":
    """Any of Pillow's modes as RGB."""
    from PIL import Image as Pillow

    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip instead of scale
        picture = picture.convert("I").point([value >> 8 for value in range(1 << 16)], "L")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")


def _refused(verdict: Verdict, picture: "Pillow.Image", most: int) -> UndecodedError:
    return UndecodedError(Answer(verdict=verdict, width=picture.width, height=picture.height, most=most))


_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""Which of Pillow's transpositions (Image.Transpose) makes a picture upright, by EXIF's orientation."""
