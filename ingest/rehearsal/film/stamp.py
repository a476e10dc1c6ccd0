"""A frame's own number, painted into its picture, so that a test can identify the frame of the scene.

Two rows of black and white cells at the left of the bottom edge, the most significant bit first: the number, and under
it the same with black and white exchanged. A bit is read as the difference of its two cells, so neither brightness nor
contrast matters, and a picture without a stamp, or with something in front of it, is not taken for one. A cell is 24
pixels wide and high in a 1920×1080 picture: 8 in a view 640 pixels wide, as large as a block of its JPEG.
"""

from collections.abc import Iterator

import numpy as np

from ingest.rehearsal.errors import RehearsalError
from matcher.picture.pixel_array import Image

BITS = 20
LARGEST = 2**BITS - 1
"""The greatest number that fits: eleven hours at 25 frames a second."""

_COLUMNS, _ROWS = 80, 45
"""Cells that the whole picture would hold, across and down."""

_LEAST_CELL = 2.0
"""Pixels of a cell, either way, below which nothing is read."""

_CONTRAST = 96.0
"""Least difference, of 255, between the two cells of a bit."""

_Cell = tuple[slice, slice]


def draw(picture: Image, number: int) -> None:
    """Paints a number, 0 to LARGEST, in place. RehearsalError: there is no room for it."""
    if not 0 <= number <= LARGEST:
        raise RehearsalError(
            f"A frame's stamp holds 0 to {LARGEST}, and not {number}.", remedy="Compose a shorter scene."
        )
    for place, (upper, lower) in enumerate(_cells(picture, inset=0.0)):
        bright = bool(number >> (BITS - 1 - place) & 1)
        picture[upper] = 255 if bright else 0
        picture[lower] = 0 if bright else 255


def read(picture: Image) -> int | None:
    """The number painted into a picture, at its present size; None where the stamp is not complete and clear."""
    height, width = picture.shape[:2]
    if min(width / _COLUMNS, height / _ROWS) < _LEAST_CELL:
        return None
    number = 0
    # Only the middle of each cell: scaling and compression mix its edges with its neighbours'.
    for upper, lower in _cells(picture, inset=0.25):
        difference = float(np.mean(picture[upper])) - float(np.mean(picture[lower]))
        if abs(difference) < _CONTRAST:
            return None
        number = number << 1 | (difference > 0)
    return number


def _cells(picture: Image, *, inset: float) -> Iterator[tuple[_Cell, _Cell]]:
    """The cells of each bit, in the upper and in the lower row. inset: the share that is left out on each side."""
    height, width = picture.shape[:2]
    upper, lower = (_span(row, height / _ROWS, inset) for row in (_ROWS - 2, _ROWS - 1))
    for column in range(BITS):
        across = _span(column, width / _COLUMNS, inset)
        yield (upper, across), (lower, across)


def _span(place: int, size: float, inset: float) -> slice:
    """The pixels of a cell in one direction; never none."""
    first = round((place + inset) * size)
    return slice(first, max(round((place + 1 - inset) * size), first + 1))
