"""Films as cameras send them: H.264 or H.265 with a key frame a second and no frames out of order."""

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from matcher.picture.pixel_array import Image


class Film:
    """The encoder. A context manager; the file, an MP4, is whole when it ends. Sizes in pixels.

    sample_aspect: width to height of a sample, which the stream states; None: it states nothing. interlaced: each
    picture is two fields, the upper line first (libx264 only). encoder: libx264 or libx265.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        fps: int,
        sample_aspect: Fraction | None = None,
        interlaced: bool = False,
        encoder: str = "libx264",
    ) -> None:
        self._path = path
        self._width = width
        self._height = height
        self._fps = fps
        self._sample_aspect = sample_aspect
        self._interlaced = interlaced
        self._encoder = encoder

    def __enter__(self) -> "Film":
        import av

        self._container: Any = av.open(str(self._path), "w", format="mp4")
        stream: Any = self._container.add_stream(self._encoder, rate=self._fps)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, "yuv420p"
        x265 = f"keyint={self._fps}:scenecut=0:bframes=0:log-level=none"
        own = {"sc_threshold": "0"} if self._encoder == "libx264" else {"x265-params": x265}
        fields = {"x264-params": "tff=1"} if self._interlaced else {}
        stream.options = {"preset": "ultrafast", "crf": "22", **own, **fields}
        if self._sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = self._sample_aspect
        stream.codec_context.gop_size = self._fps
        stream.codec_context.max_b_frames = 0
        self._stream = stream
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
    """The same film at another size, frame by frame: a camera's substream. Returns path."""
    import av
    from av.video.reformatter import Interpolation

    with av.open(str(film)) as container, Film(path, width=width, height=height, fps=fps) as smaller:
        for frame in container.decode(video=0):
            smaller._encode(frame.reformat(width, height, format="yuv420p", interpolation=Interpolation.AREA))
    return path


def film_noise(path: Path, *, seconds: int, bits: int) -> Path:
    """Moving noise in 1280×720 at 25 frames a second, H.264 of about `bits` a second throughout. Returns path."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 1280, 720, "yuv420p", bits
        constant = {"maxrate": str(bits), "bufsize": str(bits // 4), "nal-hrd": "cbr"}
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "25", **constant}
        noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
        for number in range(seconds * 25):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, 3 * number, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def encode_h265(film: Path, path: Path) -> Path:
    """The film in H.265."""
    return _filmed(_pictures(film), path, fps=_rate(film), encoder="libx265")


def turn_film(film: Path, path: Path, degrees: int) -> Path:
    """The film of a camera that is mounted turned: its pictures are turned clockwise by 90, 180 or 270 degrees."""
    turn = {90: 3, 180: 2, 270: 1}[degrees]
    pictures = (np.rot90(picture, turn) for picture in _pictures(film))
    return _filmed(pictures, path, fps=_rate(film))


def squeeze_film(film: Path, path: Path, *, width: int, height: int, sample_aspect: Fraction | None = None) -> Path:
    """The film scaled to another width and height in pixels, of any aspect: 960 by 1080 of a scene of 16:9.
    sample_aspect: as the stream states it: 16:11 with 704 by 576 pixels of 16:9; None: nothing.
    """
    import cv2

    pictures = (cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in _pictures(film))
    return _filmed(pictures, path, fps=_rate(film), sample_aspect=sample_aspect)


def interlace_film(film: Path, path: Path) -> Path:
    """The film at half its rate, in whole frames a second, each picture woven of two: upper and lower field."""
    return _filmed(_woven(_pictures(film)), path, fps=max(_rate(film) // 2, 1), interlaced=True)


def tag_rotation(film: Path, path: Path, degrees: int) -> Path:
    """The film, an MP4, with a display matrix: players show it turned clockwise by 90, 180 or 270 degrees.

    The pixels stay. The matrix stands in the track header box (ISO/IEC 14496-12, 8.3.2), here of version 0; of its nine
    numbers a, b, c and d are in 16.16 fixed point. A player that honours it moves the picture back into view.
    """
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    data = bytearray(film.read_bytes())
    matrix = data.index(b"tkhd") + 44
    for place, value in zip((0, 4, 12, 16), (a, b, c, d), strict=True):
        data[matrix + place : matrix + place + 4] = (value * 0x10000).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path


def add_sound(film: Path, path: Path) -> Path:
    """The film's packets as they stand, beside a track of silence (AAC, 8 kHz, mono), which comes second. An MP4."""
    import av

    with av.open(str(film)) as source, av.open(str(path), "w", format="mp4") as target:
        original: Any = source.streams.video[0]
        video: Any = target.add_stream_from_template(original)
        sound: Any = target.add_stream("aac", rate=8000, layout="mono")
        silence = np.zeros((1, 1024), np.float32)
        samples = 0
        for packet in source.demux(original):
            if packet.dts is None:
                continue
            while samples / 8000 < packet.dts * original.time_base:
                frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 8000, samples
                target.mux(sound.encode(frame))
                samples += 1024
            packet.stream = video
            target.mux(packet)
        target.mux(sound.encode(None))
    return path


def join_recordings(film: Path, path: Path, *, leap_seconds: float = 3600.0) -> Path:
    """MPEG-TS: the film twice, one recording after the other; the second's time stamps are later by `leap_seconds`."""
    with path.open("wb") as joined:
        for offset in (0.0, leap_seconds):
            for _, piece in muxed(film, "mpegts", offset=offset, endless=False):
                joined.write(piece)
    return path


def muxed(film: Path, container: str, *, offset: float = 0.0, endless: bool = True) -> Iterator[tuple[float, bytes]]:
    """The film's packets as they stand, in another container ("mpegts", "flv", "mp4" in fragments), piece by piece.

    Yields the second at which a camera would send a piece, from 0, and the piece; over again from the film's first
    packet if endless, time stamps running on. offset: seconds added to all time stamps.
    """
    import av

    pipe = _Pipe()
    options = {"movflags": "frag_every_frame+empty_moov+default_base_moof"} if container == "mp4" else {}
    with av.open(str(film)) as source, av.open(pipe, "w", format=container, options=options) as target:
        original: Any = source.streams.video[0]
        stream: Any = target.add_stream_from_template(original)
        begun = 0.0
        while True:
            end = begun
            for packet in source.demux(original):
                if packet.dts is None or packet.pts is None:
                    continue
                moment = begun + float(packet.dts * original.time_base)
                end = moment + 1 / float(original.average_rate)
                packet.time_base = original.time_base
                shift = round((begun + offset) / original.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                target.mux(packet)
                yield moment, pipe.drained()
            if not endless:
                break
            begun = end
            source.seek(0)
        target.close()
        yield begun, pipe.drained()


def jpegs_of(film: Path) -> tuple[list[bytes], float]:
    """Every picture of a film as a JPEG, and how many there are a second."""
    from matcher.recognition.image import encode_jpeg

    return [encode_jpeg(picture) for picture in _pictures(film)], float(_rate(film))


class _Pipe:
    """A file for a muxer that cannot be sought in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def drained(self) -> bytes:
        written, self._written = bytes(self._written), bytearray()
        return written


def _pictures(film: Path) -> Iterator[Image]:
    import av

    with av.open(str(film)) as container:
        frames: Iterator[Any] = container.decode(video=0)
        for frame in frames:
            yield frame.to_ndarray(format="bgr24")


def _rate(film: Path) -> int:
    import av

    with av.open(str(film)) as container:
        return round(container.streams.video[0].average_rate or 25)


def _woven(pictures: Iterator[Image]) -> Iterator[Image]:
    for first in pictures:
        second = next(pictures, first)
        woven = first.copy()
        woven[1::2] = second[1::2]
        yield woven


def _filmed(pictures: Iterator[Image], path: Path, *, fps: int, **kind: Any) -> Path:
    """Encodes pictures of one even size; returns path. kind: see `Film`."""
    first = next(pictures)
    with Film(path, width=first.shape[1], height=first.shape[0], fps=fps, **kind) as film:
        for picture in itertools.chain([first], pictures):
            film.add(np.ascontiguousarray(picture))
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
