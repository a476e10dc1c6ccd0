import io
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ingest.rehearsal.film.film import (
    Film,
    add_sound,
    encode_h265,
    interlace_film,
    join_recordings,
    jpegs_of,
    make_substream,
    muxed,
    squeeze_film,
    tag_rotation,
    turn_film,
)
from matcher.picture.pixel_array import Image

WIDTH, HEIGHT, FRAMES = 320, 180, 50


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: grey, the upper left quarter white, and a bar that moves right by two pixels a frame."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with Film(path, width=WIDTH, height=HEIGHT, fps=25) as made:
        for number in range(FRAMES):
            picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            picture[: HEIGHT // 2, : WIDTH // 2] = 250
            picture[HEIGHT // 2 :, 100 + 2 * number : 120 + 2 * number] = 250
            made.add(picture)
    return path


def decoded(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def white_corner(picture: Image) -> tuple[bool, bool]:
    """True if the white quarter is at the top; and true if it is at the left."""
    height, width = picture.shape[:2]
    top, bottom = picture[: height // 4], picture[-height // 4 :]
    left, right = picture[:, : width // 4], picture[:, -width // 4 :]
    return top.mean() > bottom.mean(), left.mean() > right.mean()


@pytest.mark.parametrize(
    ("degrees", "size", "corner"),
    [
        (90, (HEIGHT, WIDTH), (True, False)),
        (180, (WIDTH, HEIGHT), (False, False)),
        (270, (HEIGHT, WIDTH), (False, True)),
    ],
)
def test_turned(film: Path, tmp_path: Path, degrees: int, size: tuple[int, int], corner: tuple[bool, bool]) -> None:
    frames = decoded(turn_film(film, tmp_path / "turned.mp4", degrees))
    assert len(frames) == FRAMES
    assert (frames[0].width, frames[0].height) == size
    assert white_corner(frames[0].to_ndarray(format="bgr24")) == corner


def test_h265(film: Path, tmp_path: Path) -> None:
    with av.open(str(encode_h265(film, tmp_path / "h265.mp4"))) as container:
        assert container.streams.video[0].codec_context.name == "hevc"
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.dts is not None]
    assert [place for place, key in enumerate(keys) if key] == [0, 25]
    assert white_corner(decoded(tmp_path / "h265.mp4")[0].to_ndarray(format="bgr24")) == (True, True)


def test_squeezed(film: Path, tmp_path: Path) -> None:
    silent = squeeze_film(film, tmp_path / "silent.mp4", width=160, height=180)
    told = squeeze_film(film, tmp_path / "told.mp4", width=704, height=576, sample_aspect=Fraction(16, 11))
    with av.open(str(silent)) as container:
        assert container.streams.video[0].sample_aspect_ratio in {None, 1}
    with av.open(str(told)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)
    assert [(frame.width, frame.height) for frame in (decoded(silent)[0], decoded(told)[0])] == [(160, 180), (704, 576)]
    assert white_corner(decoded(silent)[0].to_ndarray(format="bgr24")) == (True, True)


def test_interlaced(film: Path, tmp_path: Path) -> None:
    frames, original = decoded(interlace_film(film, tmp_path / "fields.mp4")), decoded(film)
    assert len(frames) == FRAMES // 2
    assert all(frame.interlaced_frame for frame in frames)
    woven = frames[10].to_ndarray(format="gray").astype(int)
    first, second = (original[number].to_ndarray(format="gray").astype(int) for number in (20, 21))
    assert np.abs(woven[0::2] - first[0::2]).mean() < np.abs(woven[0::2] - second[0::2]).mean()
    assert np.abs(woven[1::2] - second[1::2]).mean() < np.abs(woven[1::2] - first[1::2]).mean()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_display_matrix(film: Path, tmp_path: Path, degrees: int) -> None:
    frames = decoded(tag_rotation(film, tmp_path / "tagged.mp4", degrees))
    assert frames[0].rotation % 360 == 360 - degrees, "FFmpeg counts anticlockwise"
    assert (frames[0].to_ndarray() == decoded(film)[0].to_ndarray()).all(), "the pixels stay"


def test_joined_recordings_leap(film: Path, tmp_path: Path) -> None:
    moments = [frame.time for frame in decoded(join_recordings(film, tmp_path / "joined.ts"))]
    assert len(moments) == 2 * FRAMES
    steps = [round(after - before, 2) for before, after in pairwise(moments)]
    assert (steps.count(0.04), max(steps)) == (2 * FRAMES - 2, pytest.approx(3600 - FRAMES * 0.04 + 0.04, abs=0.1))


@pytest.mark.parametrize("container", ["mpegts", "flv", "mp4"])
def test_muxed_without_end(film: Path, container: str) -> None:
    pieces = list(islice(muxed(film, container), 2 * FRAMES + 10))
    assert [moment for moment, _ in pieces] == pytest.approx([number / 25 for number in range(2 * FRAMES + 10)])
    with av.open(io.BytesIO(b"".join(piece for _, piece in pieces))) as joined:
        frames = list(joined.decode(video=0))
    assert len(frames) >= 2 * FRAMES + 5
    assert {round(after.time - before.time, 2) for before, after in pairwise(frames)} == {0.04}
    original = decoded(film)
    assert (frames[FRAMES + 3].to_ndarray() == original[3].to_ndarray()).all()


def test_pictures_of_a_film(film: Path) -> None:
    pictures, fps = jpegs_of(film)
    assert (len(pictures), fps) == (FRAMES, 25.0)
    with av.open(io.BytesIO(pictures[0]), format="jpeg_pipe") as container:
        assert white_corner(next(container.decode(video=0)).to_ndarray(format="bgr24")) == (True, True)


def test_a_substream_is_the_same_film_smaller(film: Path, tmp_path: Path) -> None:
    frames = decoded(make_substream(film, tmp_path / "small.mp4", width=160, height=90))
    assert (len(frames), frames[0].width, frames[0].height) == (FRAMES, 160, 90)


def test_with_sound(film: Path, tmp_path: Path) -> None:
    with av.open(str(add_sound(film, tmp_path / "loud.mp4"))) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        frames = list(container.decode())
    assert sum(isinstance(frame, av.VideoFrame) for frame in frames) == FRAMES
    sound = sum(frame.samples for frame in frames if isinstance(frame, av.AudioFrame))
    assert sound / 8000 == pytest.approx(FRAMES / 25, abs=0.3)
