import io

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Pillow

from ingest.rehearsal.server.jpeg import VAST_SIDE, vast_jpeg, with_thumbnail
from matcher.recognition.image import encode_jpeg

PICTURE = np.full((64, 96, 3), 200, np.uint8)


def test_a_thumbnail_lies_in_the_exif_segment() -> None:
    plain, thumbnail = encode_jpeg(PICTURE), encode_jpeg(PICTURE[:24, :32])
    dressed = with_thumbnail(plain, thumbnail)
    assert dressed.index(b"\xff\xd9") < dressed.index(plain[2:]), "its end mark comes before the picture"
    with Pillow.open(io.BytesIO(dressed)) as picture:
        assert picture.size == (96, 64)
        assert np.asarray(picture).mean() > 190
        directory = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
    # Pillow gives the offset from the start of the TIFF header, which "Exif\0\0" stands before.
    start = dressed.index(b"II*\0") + directory[0x0201]
    assert dressed[start : start + directory[0x0202]] == thumbnail


def test_a_vast_picture_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", None)
    jpeg = vast_jpeg()
    assert len(jpeg) < 4_000_000
    with Pillow.open(io.BytesIO(jpeg)) as picture:
        assert picture.size == (VAST_SIDE, VAST_SIDE)
        # Decoded at an eighth of its size: every block, at little memory.
        picture.draft("L", (VAST_SIDE // 8, VAST_SIDE // 8))
        decoded = np.asarray(picture)
    assert decoded.shape == (VAST_SIDE // 8, VAST_SIDE // 8)
    assert (decoded == 128).all()
