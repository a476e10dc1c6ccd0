"""Films as cameras send them: H.264 with a key frame a second and no frames out of order."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from matcher.recognition.face import Image


class Film:
    """The encoder (libx264). A context manager; the file, an MP4, is whole when it ends. Sizes in pixels."""

    def __init__(self, path: Path, *, width: int, height: int, fps: int) -> None:
        self._path = path
        self._width = width
        self._height = height
        self._fps = fps

    def __enter__(self) -> "Film":
        import av

        self._container: Any = av.open(str(self._path), "w", format="mp4")
        stream = self._container.add_stream("libx264", rate=self._fps)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "22", "sc_threshold": "0"}
        stream.codec_context.gop_size = self._fps
        stream.codec_context.max_b_frames = 0
        self._stream: Any = stream
        self._frames = 0
        return self

    def add(self, picture: Image) -> None:
        """Encodes one more picture."""
        import av
        import cv2

        self._encode(av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p"))

    def _encode(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._frames, Fraction(1, self._fps)
        self._frames += 1
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, *_: object) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def make_substream(film: Path, path: Path, *, width: int = 640, height: int = 360, fps: int = 25) -> Path:
    """The same film at another size, frame by frame: what a camera sends beside its main stream. Returns path."""
    import av
    from av.video.reformatter import Interpolation

    with av.open(str(film)) as container, Film(path, width=width, height=height, fps=fps) as smaller:
        for frame in container.decode(video=0):
            smaller._encode(frame.reformat(width, height, format="yuv420p", interpolation=Interpolation.AREA))
    return path


def after_compression(pictures: Sequence[Image], *, quantiser: int) -> tuple[Image, float]:
    """The last of some pictures, of one even size, after H.264; and bits a pixel over all of them, 0 to 24.

    quantiser: H.264's, 0 to 51; its step doubles every 6 (ITU-T H.264, 8.5.9). The first picture is the key frame.
    """
    import av

    encoder: Any = av.CodecContext.create("libx264", "w")
    height, width = pictures[0].shape[:2]
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.gop_size, encoder.max_b_frames = Fraction(1, 25), len(pictures), 0
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "qp": str(quantiser), "sc_threshold": "0"}
    encoder.thread_count = 1
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoded = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    bits = 8 * sum(packet.size for packet in packets)
    return decoded[-1].to_ndarray(format="bgr24"), bits / (len(pictures) * width * height)
