"""JPEGs are found by their own markers, whatever stands around them and however the bytes are cut."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ingest.relay import jpeg_scanner
from ingest.relay.jpeg_scanner import JpegScanner
from ingest.stream.source import CameraStreamError


def jpeg(seed: int, **options: object) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    return out.getvalue()


def with_thumbnail(seed: int) -> bytes:
    """A whole JPEG inside the header, as EXIF has it."""
    picture, thumbnail = jpeg(seed), b"Exif\0\0" + jpeg(seed + 1)
    return picture[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail + picture[2:]


PICTURES = [jpeg(1), jpeg(2, progressive=True), with_thumbnail(3), jpeg(5, quality=100, restart_marker_blocks=1)]


def found(data: bytes, cuts: list[int]) -> list[bytes]:
    scanner, last = JpegScanner(), 0
    pictures: list[bytes] = []
    for cut in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        pictures += scanner.feed(data[last:cut])
        last = cut
    return pictures


@given(
    st.lists(
        st.sampled_from([b"", b"--b\r\nContent-Length: 9\r\n\r\n", b"\r\n\r\n", b"\xff\xff\xd8", b"\xff"]),
        min_size=5,
        max_size=5,
    ),
    st.lists(st.integers(0, 100_000), max_size=20),
)
def test_pictures_come_out_whole_and_in_order(between: list[bytes], cuts: list[int]) -> None:
    data = between[0] + b"".join(picture + noise for picture, noise in zip(PICTURES, between[1:], strict=True))
    assert found(data, cuts) == PICTURES


def test_a_picture_cut_short_is_left_out_and_the_next_is_found() -> None:
    first, second, third = PICTURES[0], PICTURES[1], PICTURES[3]
    scan = first.index(b"\xff\xda")
    for kept in range(3, len(first) - 1, 37):
        # A cut within the header's segments may take the next picture with it, and no more.
        expected = [second, third] if kept > scan + 2 else [third]
        assert found(first[:kept] + second + third, [])[-len(expected) :] == expected


def test_a_header_that_makes_no_sense_is_left_behind() -> None:
    assert found(b"\xff\xd8\xff\xe0\x00\x04ab\x00garbage" + PICTURES[0], [3, 7, 11]) == [PICTURES[0]]


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=5))
def test_nonsense_is_no_picture_and_no_fault(data: bytes, cuts: list[int]) -> None:
    for picture in found(data, cuts):
        assert picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")


def test_a_picture_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_scanner, "MAX_JPEG", 1000)
    with pytest.raises(CameraStreamError, match="pictures of more than"):
        found(PICTURES[0][:-2] + bytes(2000), [])
