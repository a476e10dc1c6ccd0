"""Pictures in and out: bytes that nobody vouches for become pixels, pixels become a JPEG."""

import io
import struct
import zlib
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from matcher.errors import ClearglassError
from matcher.recognition.face import Face, Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000

_FORMATS = ("JPEG", "PNG", "WEBP")
_BROKEN = (OSError, EOFError, SyntaxError, ValueError, IndexError, KeyError, OverflowError, struct.error, zlib.error)
"""Everything Pillow's three decoders are known to raise on damaged input; anything else is a fault of ours."""


class ImageFormatError(ClearglassError):
    """The bytes are no picture of a kind that is read here."""

    code: ClassVar[str] = "image_format"


class ImageTooLargeError(ClearglassError):
    """The picture has more bytes or pixels than are read here."""

    code: ClassVar[str] = "image_too_large"


class ImageBrokenError(ClearglassError):
    """The bytes begin like a picture but cannot be decoded to the end."""

    code: ClassVar[str] = "image_broken"


def decode_image(data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Image:
    """Pixels of a JPEG, PNG or WebP picture, told by its content and never by a name, upright as EXIF says.

    The caps are held against the bytes and against the size in the header, before any pixel is decoded. Transparent
    parts become white, grey and CMYK become colour, 16 bits become 8, of an animation the first picture is taken.
    Raises ImageFormatError, ImageTooLargeError or ImageBrokenError.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    if len(data) > max_bytes:
        raise ImageTooLargeError(
            f"The picture has {len(data):,} bytes; at most {max_bytes:,} are read.",
            remedy="Send a smaller or more strongly compressed picture.",
        )
    try:
        with Pillow.open(io.BytesIO(data), formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > max_pixels:
                raise _too_many_pixels(f"{width}×{height}", max_pixels)
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            pixels = _bgr(picture)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise _too_many_pixels("far too many", max_pixels) from error
    except UnidentifiedImageError as error:
        raise ImageFormatError(
            "The bytes are not a JPEG, PNG or WebP picture.", remedy="Send the picture as JPEG, PNG or WebP."
        ) from error
    except _BROKEN as error:
        raise ImageBrokenError(
            "The picture is damaged or cut short and cannot be decoded.", remedy="Send the original file again."
        ) from error
    return pixels


def _too_many_pixels(size: str, max_pixels: int) -> ImageTooLargeError:
    return ImageTooLargeError(
        f"The picture has {size} pixels; at most {max_pixels:,} in all are read.",
        remedy="Scale the picture down; a face needs no more than a few hundred pixels.",
    )


def _bgr(picture: "Pillow.Image") -> Image:
    """Any of Pillow's modes as BGR."""
    from PIL import Image as Pillow

    if picture.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip instead of scale
        grey = (np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", layer.size, "white"), layer)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a baseline JPEG; quality 1 to 100."""
    from matcher.recognition.pixels import jpeg

    return jpeg(image, quality)


def crop_face(image: Image, face: Face, margin: float = 0.3) -> Image:
    """A copy of the face's box, widened on each side by `margin` of the box's width and height, inside the picture.

    At least one pixel, even of a box that lies wholly outside.
    """
    box, (height, width) = face.box, image.shape[:2]
    aside, above = margin * box.width, margin * box.height
    left = int(np.clip(box.x - aside, 0, width - 1))
    top = int(np.clip(box.y - above, 0, height - 1))
    right = int(np.clip(np.ceil(box.x + box.width + aside), left + 1, width))
    bottom = int(np.clip(np.ceil(box.y + box.height + above), top + 1, height))
    return image[top:bottom, left:right].copy()
