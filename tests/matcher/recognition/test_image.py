import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from matcher.picture.decoders import decoders
from matcher.recognition.face import Box, Face
from matcher.recognition.image import (
    FACE_SIDE,
    MAX_BYTES,
    ImageBrokenError,
    ImageFormatError,
    ImageTooLargeError,
    crop_face,
    decode_image,
    encode_jpeg,
    face_jpeg,
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
HEIC = Path(__file__).parents[1] / "picture" / "pictures"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {}), ("AVIF", {"quality": 95})],
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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_undone(orientation: int) -> None:
    """Held against Pillow's own reading of it."""
    picture = Pillow.fromarray(np.random.default_rng(1).integers(0, 256, (5, 9, 3), dtype=np.uint8))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = saved(picture, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    assert np.array_equal(decode_image(data), np.asarray(upright)[:, :, ::-1])


def test_a_phones_heic_is_turned_once() -> None:
    """It says twice that it lies: in its own properties, which count, and in EXIF, which older readers obey."""
    image = decode_image((HEIC / "turned.heic").read_bytes()).astype(int)
    assert image.shape == (96, 128, 3)
    left, right = image[48, 8], image[48, 120]
    assert left[2] > 240 > 12 > left[0]
    assert right[0] > 240 > 12 > right[2]


def test_heic_of_ten_bits_and_with_transparency() -> None:
    deep = decode_image((HEIC / "ten_bits.heic").read_bytes())
    assert deep.shape == (48, 64, 3)
    assert abs(int(deep[24, 60, 0]) - 100) < 4, "25,700 of 65,535"
    clear = decode_image((HEIC / "transparent.heic").read_bytes())
    assert (clear[24, 60] > 250).all()
    assert clear[24, 4, 2] > 240 > 20 > clear[24, 4, 0]


@pytest.mark.slow
def test_fifty_megapixels_are_scaled_down() -> None:
    image = decode_image((HEIC / "fifty.heic").read_bytes())
    height, width = image.shape[:2]
    assert 12_500_000 < height * width <= 4096 * 3072
    assert abs(width / height - 8160 / 6144) < 1e-3
    assert np.abs(image.astype(int) - (60, 90, 120)).max() < 6


@pytest.mark.slow
def test_scaling_down_leaves_no_seams() -> None:
    """A picture is scaled in strips; what comes is what scaling it whole gives."""
    slope = np.add.outer(np.arange(4400), np.arange(4400)) % 8800 // 35
    picture = Pillow.fromarray(slope.astype(np.uint8))
    image = decode_image(saved(picture, "PNG", compress_level=1))
    whole = picture.resize((image.shape[1], image.shape[0]), Pillow.Resampling.BILINEAR)
    assert np.abs(image[:, :, 0].astype(int) - np.asarray(whole)).max() <= 1


def test_a_large_jpeg_is_decoded_at_half_its_size() -> None:
    image = decode_image(saved(Pillow.new("RGB", (8160, 6144), (120, 90, 60)), "JPEG"))
    assert image.shape == (3072, 4080, 3)


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_cut_short_is_broken(astronaut: np.ndarray, kind: str) -> None:
    data = saved(Pillow.fromarray(astronaut), kind)
    with pytest.raises(ImageBrokenError):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_heic_cut_short_is_broken(part: float) -> None:
    data = (HEIC / "portrait.heic").read_bytes()
    with pytest.raises(ImageBrokenError):
        decode_image(data[: int(len(data) * part)])


@pytest.mark.parametrize("size", [(8000, 7000), (12000, 12000), (100_000, 100_000), (65_536, 1), (1, 12_000_000)])
def test_a_header_that_promises_too_much_is_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLargeError):
        decode_image(png_header_only(*size))


def test_a_jpeg_that_costs_too_much_is_refused_with_a_way_out() -> None:
    data = bytearray(saved(RED, "JPEG", progressive=True, subsampling=0))
    place = data.index(b"\xff\xc2") + 5
    large = data[:place] + struct.pack(">HH", 6144, 8160) + data[place + 4 :]
    with pytest.raises(ImageTooLargeError, match="more than 300 MB of memory to decode") as told:
        decode_image(bytes(large))
    assert "baseline" in told.value.remedy
    last = data.rindex(b"\xff\xda")
    with pytest.raises(ImageTooLargeError, match="more than 50 scans"):
        decode_image(bytes(data[:-2] + data[last:-2] * 60 + data[-2:]))


def test_the_caps_hold_at_their_edges() -> None:
    data = saved(RED, "PNG")
    assert decode_image(data + bytes(MAX_BYTES - len(data))).shape == (4, 6, 3)
    with pytest.raises(ImageTooLargeError, match="20,971,521 bytes"):
        decode_image(data + bytes(MAX_BYTES - len(data) + 1))
    with pytest.raises(ImageBrokenError):
        decode_image(png_header_only(8000, 6500))  # 52 megapixels, of which there are none
    with pytest.raises(ImageTooLargeError, match="8,001×6,500 pixels; at most 52,000,000"):
        decode_image(png_header_only(8001, 6500))


@given(data=st.data())
def test_damaged_pictures_never_raise_anything_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "AVIF", "HEIC"]))
    picture = Pillow.fromarray(np.arange(32 * 24 * 3, dtype=np.uint32).astype(np.uint8).reshape(24, 32, 3))
    whole = (HEIC / "turned.heic").read_bytes() if kind == "HEIC" else saved(picture, kind)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    process = decoders().pids()
    with contextlib.suppress(ImageBrokenError, ImageFormatError, ImageTooLargeError):
        assert decode_image(bytes(damaged)).ndim == 3
    assert process[:1] == decoders().pids()[:1], "the process stands it"


def test_a_jpeg_written_is_nearly_the_picture_again(astronaut: np.ndarray) -> None:
    again = decode_image(encode_jpeg(astronaut, quality=95))
    assert np.abs(again.astype(int) - astronaut.astype(int)).mean() < 3
    assert len(encode_jpeg(astronaut, quality=30)) < len(encode_jpeg(astronaut, quality=95))


def face(x: float, y: float, width: float, height: float) -> Face:
    return Face(box=Box(x=x, y=y, width=width, height=height), landmarks=np.zeros((5, 2), np.float32), score=1.0)


def test_crop_has_the_margin() -> None:
    image = np.arange(100 * 200 * 3, dtype=np.uint8).reshape(100, 200, 3)
    np.testing.assert_array_equal(crop_face(image, face(50, 40, 20, 10), 0.5), image[35:55, 40:80])


@pytest.mark.parametrize("quarters", range(4))
def test_a_face_is_kept_as_large_as_it_is_looked_at_and_no_larger(astronaut: np.ndarray, quarters: int) -> None:
    large = np.rot90(astronaut.repeat(8, axis=0).repeat(8, axis=1), quarters)
    kept = decode_image(face_jpeg(large, face(0, 0, 4096, 2048)))
    assert max(kept.shape) == FACE_SIDE
    again = large[::4, ::4][: kept.shape[0], : kept.shape[1]]
    assert np.abs(kept.astype(int) - again.astype(int)).mean() < 6, "the same way round"
    assert decode_image(face_jpeg(astronaut, face(100, 50, 200, 100))).shape == (160, 320, 3)


def test_a_file_is_read_and_closed(astronaut_jpeg: bytes) -> None:
    file = io.BytesIO(astronaut_jpeg)
    np.testing.assert_array_equal(decode_image(file), decode_image(astronaut_jpeg))
    assert file.closed, "its bytes are let go"


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
