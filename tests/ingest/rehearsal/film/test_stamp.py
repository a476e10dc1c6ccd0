import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.film import stamp
from ingest.rehearsal.film.drawing import background
from matcher.picture.pixel_array import Image
from matcher.recognition.image import decode_image, encode_jpeg

EMPTY = background(1920, 1080, 1)


def scaled(picture: Image, width: int) -> Image:
    import cv2

    height = round(width * picture.shape[0] / picture.shape[1])
    smaller: Image = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return smaller


def stamped(number: int) -> Image:
    picture = EMPTY.copy()
    stamp.draw(picture, number)
    return picture


@pytest.mark.slow
@given(number=st.integers(0, stamp.LARGEST), width=st.integers(400, 1920), quality=st.integers(60, 100))
def test_what_was_drawn_is_read_from_a_smaller_jpeg(number: int, width: int, quality: int) -> None:
    assert stamp.read(decode_image(encode_jpeg(scaled(stamped(number), width), quality))) == number


@pytest.mark.slow
@given(number=st.integers(0, stamp.LARGEST), between=st.integers(640, 1600))
def test_what_was_drawn_is_read_from_a_view(number: int, between: int) -> None:
    """Which is scaled twice: for the detector, then for the browser."""
    assert stamp.read(decode_image(encode_jpeg(scaled(scaled(stamped(number), between), 640), 75))) == number


@pytest.mark.parametrize("number", [0, 1, 2, 1 << 19, stamp.LARGEST - 1, stamp.LARGEST])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (640, 480), (333, 1000), (160, 90)])
def test_what_was_drawn_is_read_at_other_sizes_and_shapes(number: int, width: int, height: int) -> None:
    picture = np.full((height, width, 3), 127, np.uint8)
    stamp.draw(picture, number)
    assert stamp.read(picture) == number


def test_the_cells_lie_at_the_bottom_edge_and_are_large_enough_for_a_views_jpeg() -> None:
    changed = np.argwhere((stamped(0b1010) != EMPTY).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0) + 1
    assert (top, bottom) == (1080 - 2 * 24, 1080)
    assert (left, right) == (0, stamp.BITS * 24)


def test_nothing_is_read_where_nothing_was_drawn(astronaut: Image) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3)).astype(np.uint8)
    for picture in (EMPTY, noise, astronaut, np.zeros_like(EMPTY), np.full_like(EMPTY, 255), EMPTY[:40, :40]):
        assert stamp.read(picture) is None


@given(number=st.integers(0, stamp.LARGEST), column=st.integers(0, stamp.BITS - 1), row=st.integers(0, 1))
def test_a_hidden_cell_is_noticed(number: int, column: int, row: int) -> None:
    """With one of its two cells grey, or as the other one, a bit is not read."""
    picture = stamped(number)
    cells = [picture[1080 - 24 * (2 - line) :][:24, 24 * column : 24 * (column + 1)] for line in (0, 1)]
    cells[row][:] = cells[1 - row]
    assert stamp.read(picture) is None


@pytest.mark.parametrize("number", [-1, stamp.LARGEST + 1])
def test_a_number_without_room_is_an_error(number: int) -> None:
    picture = EMPTY.copy()
    with pytest.raises(RehearsalError, match=str(number)):
        stamp.draw(picture, number)
    assert (picture == EMPTY).all()
