"""Pictures in and out: bytes that nobody vouches for become pixels, pixels become a JPEG."""

from typing import IO, ClassVar

import numpy as np

from matcher.errors import ClearglassError
from matcher.picture.decoders import decoders
from matcher.picture.decoding import MAX_SIDE
from matcher.picture.exchange import Answer, UndecodedError, Verdict
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face

MAX_BYTES = 20 * 1024 * 1024

PictureBytes = bytes | IO[bytes]
"""A picture as it was sent. A file is read and closed: so nothing holds its bytes while its faces are looked at."""

FORMATS = "JPEG, PNG, WebP, HEIC or AVIF"
"""The kinds of picture that are read, for people."""

FACE_SIDE = 1_024
"""Of what is kept of a face: several times what the embedders look at, and as much as a screen shows of it."""

_SHORT_OF_MEMORY = "Try again; if it stays, run clearglass doctor on the machine: it may be short of memory."

_AS_JPEG = "Save it as an ordinary (baseline) JPEG and send that."


class ImageFormatError(ClearglassError):
    """The bytes are no picture of a kind that is read here."""

    code: ClassVar[str] = "image_format"


class ImageTooLargeError(ClearglassError):
    """The picture has more bytes or pixels than are read here, or takes too much memory or time to decode."""

    code: ClassVar[str] = "image_too_large"


class ImageBrokenError(ClearglassError):
    """The bytes begin like a picture but cannot be decoded to the end."""

    code: ClassVar[str] = "image_broken"


class DecoderError(ClearglassError):
    """The process that decodes pictures cannot be started, or was killed meanwhile."""

    code: ClassVar[str] = "decoder"


def decode_image(sent: PictureBytes) -> Image:
    """Pixels of a JPEG, PNG, WebP, HEIC or AVIF picture, told by its content and never by a name, upright as it says.

    A picture of more than 12.6 megapixels is scaled down to that. Transparent parts become white, grey and CMYK become
    colour, 16 bits become 8, of an animation the first picture is taken. It is decoded in a confined process with
    little memory, two pictures at once. Raises ImageFormatError, ImageTooLargeError, ImageBrokenError, or DecoderError
    where no process can be started or it is killed.
    """
    data = sent if isinstance(sent, bytes) else _taken(sent)
    if len(data) > MAX_BYTES:
        raise ImageTooLargeError(
            f"The picture has {len(data):,} bytes; at most {MAX_BYTES:,} are read.",
            remedy="Send a smaller or more strongly compressed picture.",
        )
    try:
        return decoders().decode(data)
    except UndecodedError as undecoded:
        raise _error(undecoded.answer) from undecoded
    except OSError as error:
        raise DecoderError("The process that decodes pictures cannot be started.", remedy=_SHORT_OF_MEMORY) from error


def _taken(file: IO[bytes]) -> bytes:
    with file:
        return file.read()


def _error(answer: Answer) -> ClearglassError:
    """In words, why there is no picture."""
    match answer.verdict:
        case Verdict.FORMAT:
            return ImageFormatError(f"The bytes are not a {FORMATS} picture.", remedy=f"Send the picture as {FORMATS}.")
        case Verdict.BROKEN:
            return ImageBrokenError(
                "The picture is damaged or cut short and cannot be decoded.", remedy="Send the original file again."
            )
        case Verdict.FAILED:
            return ImageBrokenError(
                "The picture made the process that decodes it fail.", remedy=f"Send the original file again. {_AS_JPEG}"
            )
        case Verdict.KILLED:
            return DecoderError("The process that decodes pictures was killed meanwhile.", remedy=_SHORT_OF_MEMORY)
        case _:
            return _too_large(answer)


def _too_large(answer: Answer) -> ImageTooLargeError:
    most = f"{answer.most:,}"
    size = f"{answer.width:,}×{answer.height:,}" if answer.width else "too many"
    message, remedy = {
        Verdict.PIXELS: (
            f"The picture has {size} pixels; at most {most} in all and {MAX_SIDE:,} on a side are read of its format.",
            "Scale the picture down; a face needs no more than a few hundred pixels.",
        ),
        Verdict.SCANS: (f"The JPEG has more than {most} scans, and each takes as long as a picture.", _AS_JPEG),
        Verdict.MEMORY: (
            f"The picture takes more than {answer.most // 1_000_000} MB of memory to decode.",
            f"Scale the picture down. {_AS_JPEG}",
        ),
        Verdict.SLOW: (
            f"The picture was given up: it was not decoded within {most} seconds.",
            f"Try again when the machine has less to do, or scale the picture down. {_AS_JPEG}",
        ),
    }[answer.verdict]
    return ImageTooLargeError(message, remedy=remedy)


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a baseline JPEG; quality 1 to 100."""
    from matcher.recognition.pixels import jpeg

    return jpeg(image, quality)


def face_jpeg(image: Image, face: Face) -> bytes:
    """The face with some margin, to be looked at: a JPEG of at most FACE_SIDE pixels a side."""
    from matcher.recognition import pixels

    crop = crop_face(image, face)
    share = min(1.0, FACE_SIDE / max(crop.shape))
    if share < 1.0:
        height, width = (max(1, round(side * share)) for side in crop.shape[:2])
        crop = pixels.shrink(crop, width, height)
    return encode_jpeg(crop)


def crop_face(image: Image, face: Face, margin: float = 0.3) -> Image:
    """The face's box, widened on each side by `margin` of the box's width and height, inside the picture: a view of it.

    At least one pixel, even of a box that lies wholly outside.
    """
    box, (height, width) = face.box, image.shape[:2]
    aside, above = margin * box.width, margin * box.height
    left = int(np.clip(box.x - aside, 0, width - 1))
    top = int(np.clip(box.y - above, 0, height - 1))
    right = int(np.clip(np.ceil(box.x + box.width + aside), left + 1, width))
    bottom = int(np.clip(np.ceil(box.y + box.height + above), top + 1, height))
    return image[top:bottom, left:right]
