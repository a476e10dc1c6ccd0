"""Clips and streams of odd shapes and with damage, encoded on the spot by libx264, libx265 or FFmpeg's MJPEG."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from matcher.picture.pixel_array import Image

FPS = 25
ENCODERS = {"H264": ("libx264", "h264"), "H265": ("libx265", "hevc")}
"""FFmpeg's encoder and its format for a bare stream, by the encoding name of the SDP."""


def corner(width: int, height: int) -> Image:
    """A grey picture with a white upper left quarter and a black upper right one: no turn of it looks like another."""
    picture = np.full((height, width, 3), 110, np.uint8)
    picture[: height // 2, : width // 2] = 250
    picture[: height // 2, width // 2 :] = 5
    return picture


def quarters(picture: Image) -> tuple[int, int, int, int]:
    """The brightness of upper left, upper right, lower left and lower right, each in steps of 100."""
    height, width = picture.shape[:2]
    rows, columns = (slice(0, height // 2), slice(height // 2, None)), (slice(0, width // 2), slice(width // 2, None))
    upper_left, upper_right, lower_left, lower_right = (
        round(float(picture[row, column].mean()) / 100) for row in rows for column in columns
    )
    return upper_left, upper_right, lower_left, lower_right


def write_film(
    path: Path,
    pictures: Iterable[Image],
    *,
    options: dict[str, str] | None = None,
    sample_aspect: Fraction | None = None,
    prepare: Callable[[Any], None] = lambda stream: None,
) -> Path:
    """H.264 at FPS frames a second, a key frame a second. prepare: changes the stream before anything is encoded."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.pix_fmt, begun = "yuv420p", False
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), **(options or {})}
        for picture in pictures:
            if not begun:
                stream.height, stream.width = picture.shape[:2]
                if sample_aspect is not None:
                    stream.codec_context.sample_aspect_ratio = sample_aspect
                prepare(stream)
                begun = True
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def encoded(pictures: Sequence[Image], *, encoding: str = "H264", b_frames: int = 0) -> list[bytes]:
    """The packets of a bare stream in decoding order, a key frame a second. encoding: H264 or H265."""
    encoder: Any = av.CodecContext.create(ENCODERS[encoding][0], "w")
    encoder.height, encoder.width = pictures[0].shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.gop_size = "yuv420p", Fraction(1, FPS), FPS
    encoder.max_b_frames = b_frames
    tune = {} if b_frames else {"tune": "zerolatency"}
    quiet = {"x265-params": f"log-level=none:keyint={FPS}:bframes={b_frames}"} if encoding == "H265" else {}
    encoder.options = {"preset": "ultrafast", "sc_threshold": "0", **tune, **quiet}
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [bytes(packet) for packet in packets]
