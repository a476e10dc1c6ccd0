"""The layout by which a decoder's picture gets square pixels and is turned as the camera's settings state."""

from dataclasses import dataclass
from fractions import Fraction

from ingest.camera.picture_shape import WIDEST, PictureShape, parse_aspect
from ingest.stream.turn import Turn

MOST_PIXELS = 7680 * 4320
"""The most pixels of a picture: 8K, which takes 100 megabytes when converted."""

SQUARE = Fraction(1)


@dataclass(frozen=True, kw_only=True)
class PictureLayout:
    """stretched: (width, height) in square pixels, before the turn. turn: applied to that. one_field: true if the
    decoder's picture is interlaced: then only the lines of its first field are used."""

    stretched: tuple[int, int]
    turn: Turn
    one_field: bool

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the finished picture in pixels."""
        return self.before_turn(*self.stretched)

    def before_turn(self, width: int, height: int) -> tuple[int, int]:
        """The size that a picture must have for the turn to give it this width and height; its own inverse."""
        return (height, width) if self.turn.changes_sides else (width, height)


def lay_out(
    width: int,
    height: int,
    *,
    shape: PictureShape,
    interlaced: bool = False,
    sample_aspect: Fraction | None = None,
    displayed: Turn | None = None,
) -> PictureLayout:
    """The layout of a decoder's picture of width by height pixels.

    sample_aspect: width to height of one pixel as the stream states it; None or a ratio out of bounds counts as 1.
    displayed: the stream's display matrix.
    """
    if shape.aspect is not None:
        pixel = parse_aspect(shape.aspect) * height / width
    elif sample_aspect is not None and 1 / WIDEST <= sample_aspect <= WIDEST:
        pixel = sample_aspect
    else:
        pixel = SQUARE
    lines = (height + 1) // 2 if interlaced else height
    wanted = Turn(quarters=shape.rotation // 90, mirrored=shape.mirrored)
    turn = wanted if displayed is None else displayed.then(wanted)
    return PictureLayout(stretched=_stretched(width, lines, pixel * lines / height), turn=turn, one_field=interlaced)


def _stretched(width: int, height: int, pixel: Fraction) -> tuple[int, int]:
    """The size at which pixels of this aspect ratio are square: the side that was squeezed grows.

    The pictures of 150 people of LFW view 1, with 30 pixels between the eyes, were squeezed to half their width: with
    the squeezed side enlarged 90 % passed the quality gate and were found (91 % unsqueezed, 20 % left squeezed). With
    the other side shrunk none passed the gate, which needs 20 pixels; the dissimilarity was the same (.555 and .553).
    The other side shrinks where the picture would have more than MOST_PIXELS.
    """
    wide, high = max(pixel, SQUARE), max(1 / pixel, SQUARE)
    if width * height * wide * high > MOST_PIXELS:
        wide, high = min(pixel, SQUARE), min(1 / pixel, SQUARE)
    return max(1, round(width * wide)), max(1, round(height * high))
