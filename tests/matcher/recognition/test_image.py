import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from matcher.recognition.face import Box, Face
from matcher.recognition.image import (
    ImageBrokenError,
    ImageFormatError,
    ImageTooLargeError,
    crop_face,
    decode_image,
    encode_jpeg,
)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    """A PNG whose header promises a huge picture and whose data hold nearly nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


RED = Pillow.new("RGB", (6, 4), (255, 0, 0))


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {})]
)
def test_reads_each_kind_as_bgr(kind: str, options: dict[str, object]) -> None:
    image = decode_image(saved(RED, kind, **options))
    assert image.shape == (4, 6, 3)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    blue, green, red = image[2, 3].astype(int)
    assert red > 245
    assert max(blue, green) < 12


def test_grey_palette_and_cmyk_become_colour() -> None:
    assert decode_image(saved(RED.convert("L"), "PNG")).shape == (4, 6, 3)
    assert decode_image(saved(RED.convert("P"), "PNG"))[0, 0].tolist() == [0, 0, 255]
    assert decode_image(saved(RED.convert("CMYK"), "JPEG", quality=95))[0, 0, 2] > 240


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    deep = Pillow.fromarray(np.array([[0, 256 * 100, 65535]], np.uint16))
    assert decode_image(saved(deep, "PNG"))[0, :, 0].tolist() == [0, 100, 255]


def test_transparent_parts_are_white() -> None:
    image = decode_image(saved(Pillow.new("RGBA", (3, 3), (0, 0, 0, 0)), "PNG"))
    assert image.tolist() == np.full((3, 3, 3), 255).tolist()


def test_exif_orientation_is_obeyed() -> None:
    picture = Pillow.new("RGB", (8, 4), "white")
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    assert decode_image(saved(picture, "JPEG", exif=exif)).shape == (8, 4, 3)


def test_one_pixel_is_a_picture() -> None:
    assert decode_image(saved(Pillow.new("RGB", (1, 1)), "PNG")).shape == (1, 1, 3)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_other_kinds_are_refused_whatever_they_are_called(kind: str) -> None:
    with pytest.raises(ImageFormatError) as caught:
        decode_image(saved(RED, kind))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"\0" * 99]
)
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(ImageFormatError):
        decode_image(data)


def test_a_picture_of_another_kind_behind_a_good_beginning_is_broken() -> None:
    with pytest.raises((ImageBrokenError, ImageFormatError)):
        decode_image(b"\xff\xd8\xff\xe0" + saved(RED, "GIF"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_cut_short_is_broken(astronaut: np.ndarray, kind: str) -> None:
    data = saved(Pillow.fromarray(astronaut), kind)
    with pytest.raises(ImageBrokenError):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize("size", [(8000, 7000), (12000, 12000), (100_000, 100_000)])
def test_a_header_that_promises_too_much_is_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLargeError):
        decode_image(png_header_only(*size))


def test_the_caps_hold_at_their_edges() -> None:
    data = saved(RED, "PNG")
    assert decode_image(data, max_bytes=len(data), max_pixels=24).shape == (4, 6, 3)
    with pytest.raises(ImageTooLargeError):
        decode_image(data, max_bytes=len(data) - 1)
    with pytest.raises(ImageTooLargeError):
        decode_image(data, max_pixels=23)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says so of damaged EXIF and goes on
@given(data=st.data())
def test_damaged_pictures_never_raise_anything_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    picture = Pillow.fromarray(np.arange(32 * 24 * 3, dtype=np.uint32).astype(np.uint8).reshape(24, 32, 3))
    damaged = bytearray(saved(picture, kind))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageBrokenError, ImageFormatError, ImageTooLargeError):
        assert decode_image(bytes(damaged)).ndim == 3


def test_a_jpeg_written_is_nearly_the_picture_again(astronaut: np.ndarray) -> None:
    again = decode_image(encode_jpeg(astronaut, quality=95))
    assert np.abs(again.astype(int) - astronaut.astype(int)).mean() < 3
    assert len(encode_jpeg(astronaut, quality=30)) < len(encode_jpeg(astronaut, quality=95))


def face(x: float, y: float, width: float, height: float) -> Face:
    return Face(box=Box(x=x, y=y, width=width, height=height), landmarks=np.zeros((5, 2), np.float32), score=1.0)


def test_crop_has_the_margin_and_is_a_copy() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    crop = crop_face(image, face(50, 40, 20, 10), 0.5)
    assert crop.shape == (20, 40, 3)
    crop[:] = 9
    assert not image.any()


@given(x=st.floats(-500, 500), y=st.floats(-500, 500), width=st.floats(0, 400), height=st.floats(0, 400))
def test_crop_is_never_empty_nor_larger_than_the_picture(x: float, y: float, width: float, height: float) -> None:
    crop = crop_face(np.zeros((60, 80, 3), np.uint8), face(x, y, width, height), 0.3)
    assert 1 <= crop.shape[0] <= 60
    assert 1 <= crop.shape[1] <= 80


def test_an_error_crosses_from_one_process_to_another_whole() -> None:
    import pickle

    with pytest.raises(ImageFormatError) as told:
        decode_image(b"nothing")
    again = pickle.loads(pickle.dumps(told.value))
    assert (type(again), str(again), again.code) == (ImageFormatError, str(told.value), told.value.code)
