"""The shape of pictures: the setting's bounds, and real films that are squeezed, interlaced, turned and mirrored."""

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.camera.picture_shape import AspectError, PictureShape, parse_aspect
from ingest.rehearsal.server.rtsp_server import RtspServer
from ingest.stream.av_source import AvSource
from ingest.stream.frame import Frame
from ingest.stream.picture_layout import MOST_PIXELS, lay_out
from ingest.stream.turn import Turn
from tests.ingest.stubs.clips import corner, quarters, write_film

SETTINGS = list(product((0, 90, 180, 270), (False, True)))
MATRICES = list(product((0, 90, 180, 270), (False, True), (False, True)))


@pytest.mark.parametrize(("text", "aspect"), [("16:9", Fraction(16, 9)), (" 4 : 3 ", Fraction(4, 3)), ("1:4", 0.25)])
def test_an_aspect_is_two_whole_numbers(text: str, aspect: Fraction) -> None:
    assert parse_aspect(text) == aspect


@pytest.mark.parametrize(
    "text", ["", "16/9", "16:0", "0:9", "-4:3", "1.5:1", "16:9:1", "99999:99999", "¹:²", "5:1", "1:5"]
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(AspectError, match="aspect ratio") as raised:
        parse_aspect(text)
    assert "16:9" in raised.value.remedy


def first_frame(path: Path, *, shape: PictureShape = PictureShape(), measuring: bool = False) -> Frame:  # noqa: B008
    """The first frame; its source stays open, so that its pixels can be asked for."""
    source = AvSource(str(path), paced=False, shape=shape, measuring=measuring)
    source.open()
    frame = next(frame for packet in source.packets() if (frame := packet.decode(False)) is not None)
    assert frame.pixels().shape == (frame.height, frame.width, 3)
    assert frame.shrunk(frame.width // 2, frame.height // 2).shape == (frame.height // 2, frame.width // 2, 3)
    return frame


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "corner.mp4", [corner(320, 192)] * 3)


@pytest.mark.parametrize(("rotation", "mirrored"), SETTINGS)
def test_a_camera_is_rotated_clockwise_and_then_mirrored(film: Path, rotation: int, mirrored: bool) -> None:
    frame = first_frame(film, shape=PictureShape(rotation=rotation, mirrored=mirrored))
    turn = Turn(quarters=rotation // 90, mirrored=mirrored)
    assert (frame.width, frame.height) == ((192, 320) if rotation % 180 else (320, 192))
    for picture in (frame.pixels(), frame.shrunk(frame.width // 2, frame.height // 2)):
        assert quarters(picture) == quarters(turn.applied(corner(320, 192)))


@pytest.mark.parametrize(("counterclockwise", "hflip", "vflip"), MATRICES)
def test_a_files_display_matrix_is_applied(tmp_path: Path, counterclockwise: int, hflip: bool, vflip: bool) -> None:
    """PyAV writes it: a rotation counterclockwise, and then the flips."""
    shown = corner(320, 192)
    turn = Turn(quarters=-counterclockwise // 90 % 4)
    if hflip:
        turn = turn.then(Turn(mirrored=True))
    if vflip:
        turn = turn.then(Turn(quarters=2, mirrored=True))
    film = write_film(
        tmp_path / "phone.mp4",
        [shown] * 3,
        prepare=lambda stream: stream.set_display_rotation(counterclockwise, hflip=hflip, vflip=vflip),
    )
    assert quarters(first_frame(film).pixels()) == quarters(turn.applied(shown))
    rotated = first_frame(film, shape=PictureShape(rotation=90)).pixels()
    assert quarters(rotated) == quarters(Turn(quarters=1).applied(turn.applied(shown))), "the camera's comes after"


@pytest.mark.parametrize(
    ("stored", "sample", "aspect", "size"),
    [
        ((704, 576), Fraction(16, 11), None, (1024, 576)),
        ((704, 576), Fraction(12, 11), None, (768, 576)),
        ((960, 1080), None, None, (960, 1080)),
        ((960, 1080), None, "16:9", (1920, 1080)),
        ((704, 288), None, "4:3", (704, 528)),
        ((704, 576), Fraction(16, 11), "4:3", (768, 576)),
        ((640, 360), Fraction(40, 1), None, (640, 360)),
    ],
)
def test_pixels_become_square_and_none_is_given_up(
    tmp_path: Path, stored: tuple[int, int], sample: Fraction | None, aspect: str | None, size: tuple[int, int]
) -> None:
    film = write_film(tmp_path / "squeezed.mp4", [corner(*stored)] * 2, sample_aspect=sample)
    frame = first_frame(film, shape=PictureShape(aspect=aspect))
    assert (frame.width, frame.height) == size
    assert quarters(frame.pixels()) == (2, 0, 1, 1)
    turned = first_frame(film, shape=PictureShape(aspect=aspect, rotation=270))
    assert (turned.width, turned.height) == size[::-1]


@pytest.mark.slow
def test_the_sample_aspect_ratio_of_a_camera_is_in_its_stream(tmp_path: Path) -> None:
    film = write_film(tmp_path / "pal.mp4", [corner(704, 576)] * 50, sample_aspect=Fraction(16, 11))
    with RtspServer({"pal": film}) as server:
        source = AvSource(server.url("pal"))
        assert source.open().aspect_stated
        frame = next(frame for packet in source.packets() if (frame := packet.decode(False)) is not None)
        source.close()
    assert (frame.width, frame.height) == (1024, 576)


def test_a_picture_too_large_to_grow_shrinks() -> None:
    """Each of these would be 2 or 4 times MOST_PIXELS."""
    for sample in (Fraction(4), Fraction(1, 4), Fraction(1, 2)):
        width, height = lay_out(7680, 4320, shape=PictureShape(), sample_aspect=sample).size
        assert width * height <= MOST_PIXELS
        assert width / height == pytest.approx(16 / 9 * float(sample), rel=0.01)


def combed(width: int, height: int) -> Any:
    """A bar that has moved by a third of the width between the two fields of one picture."""
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[0::2, width // 6 : width // 3] = 230
    picture[1::2, width // 2 : 2 * width // 3] = 230
    return picture


def test_one_field_of_an_interlaced_picture_is_used(tmp_path: Path) -> None:
    interlaced = {"x264-params": "interlaced=1", "preset": "medium", "crf": "12"}
    film = write_film(tmp_path / "interlaced.mp4", [combed(480, 320)] * 5, options=interlaced)
    frame = first_frame(film, measuring=True)
    assert (frame.width, frame.height) == (480, 320)
    row = frame.pixels()[:, :, 1].astype(int)
    first, second = row[:, 100:140].mean(), row[:, 260:300].mean()
    assert first > 200 and second < 90, "one of the bars only"
    assert np.abs(np.diff(row[20:300, 120])).max() < 12, "no comb"
    assert frame.quantisers() is None, "FFmpeg's map mixes the fields"
    assert (frame.shrunk(240, 160)[:, 50:70].mean() > 200) and frame.shrunk(240, 160).shape == (160, 240, 3)
    turned = first_frame(film, shape=PictureShape(rotation=90), measuring=True)
    assert (turned.width, turned.height) == (320, 480)
    assert turned.pixels()[100:140, :, 1].mean() > 200


def half_noise(width: int, height: int) -> Any:
    """Noise in the upper left quarter, which takes many bits, and nothing elsewhere."""
    picture = np.full((height, width, 3), 120, np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (height // 2, width // 2, 3), dtype=np.uint8)
    picture[: height // 2, : width // 2] = noise
    return picture


@pytest.mark.parametrize(("rotation", "mirrored"), SETTINGS)
def test_the_quantisers_turn_with_the_picture(tmp_path: Path, rotation: int, mirrored: bool) -> None:
    options = {"preset": "medium", "aq-mode": "1", "aq-strength": "3", "crf": "30"}
    film = write_film(tmp_path / "noise.mp4", [half_noise(320, 192)] * 3, options=options)
    plain = first_frame(film, measuring=True).quantisers()
    frame = first_frame(film, shape=PictureShape(rotation=rotation, mirrored=mirrored), measuring=True)
    turned = frame.quantisers()
    assert plain is not None and turned is not None and plain.std() > 1
    assert turned.shape == (frame.height // 16, frame.width // 16)
    np.testing.assert_array_equal(turned, Turn(quarters=rotation // 90, mirrored=mirrored).applied(plain))


def test_a_shape_that_changes_nothing_costs_nothing(film: Path) -> None:
    """The very picture the decoder's library converts, without a copy by a turn."""
    layout = lay_out(320, 192, shape=PictureShape())
    picture = np.zeros((192, 320, 3), np.uint8)
    assert layout.turn.applied(picture) is picture
    assert (layout.size, layout.one_field) == ((320, 192), False)
