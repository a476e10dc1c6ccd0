"""The door to FFmpeg (PyAV): a relay's RTSP or HTTP stream, a file or a V4L2 webcam becomes frames.

FFmpeg by itself opens any protocol that a playlist names, so protocols and formats are whitelisted on each open. Its
log stays switched off, and none of its messages is passed on: an error of FFmpeg's becomes one of ours, without a
cause. Logins, TLS, redirects and the camera's own address are the relay's: nothing of them reaches this process.
"""

import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags
from av.sidedata.sidedata import SideData

from ingest.camera.picture_shape import PictureShape
from ingest.stream.av_failure import broken_off, not_opened
from ingest.stream.damage import Damage, Suspicion
from ingest.stream.frame import Frame
from ingest.stream.jpeg_header import jpeg_size
from ingest.stream.loss_marker import LOSS_MARKER
from ingest.stream.packet import Packet
from ingest.stream.picture_converter import PictureConverter, quantisers
from ingest.stream.picture_layout import MOST_PIXELS, PictureLayout, lay_out
from ingest.stream.source import CameraStreamError, StreamInfo
from ingest.stream.turn import turn_of_matrix
from matcher.clock import Clock, system_clock
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    from fractions import Fraction

    from av.container import InputContainer
    from av.packet import Packet as AvPacket
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = AvPacket[VideoStream]

PROTOCOLS = {"rtsp": "rtsp,rtp,tcp", "http": "http,tcp", "file": "file"}

FORMATS = "rtsp,sdp,rtp,mpjpeg,mjpeg,jpeg_pipe,mpegts,mov,mp4,matroska,webm,flv,h264,hevc,avi,gif"
"""No playlists (hls, dash, concat): they would name further addresses that nobody checked."""

TOLERATED_BROKEN = 10.0
"""Seconds in which every packet may fail to decode before the stream is given up."""

LONGEST_STEP = 10.0
"""Seconds between the time stamps of two packets of a file; a longer step, or one back, begins a new time line."""

UNFLAGGED = {"hevc"}
"""Decoders that do not say when the end of a picture is missing, as FFmpeg's H.264 decoder does. The mark of a loss
comes with the next packet, so each waits for the next: one frame's time."""

GRACE_SECONDS = 1.0
"""By how much FFmpeg waits longer than a relay does: the relay knows what the camera has not done, and tells it."""

PROBED = "2000000"
"""Microseconds of a stream that FFmpeg reads at most to find out what it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stamps:
    """Which packet of its stream, and when it came."""

    number: int
    arrived: float
    captured_at: datetime


@dataclass(frozen=True, kw_only=True, eq=False)
class _Decoding:
    """What a frame bears through the decoder: its packet's stamps, and what is known of the packet's damage."""

    stamps: _Stamps
    suspicion: Suspicion


class AvSource:
    """A source on FFmpeg.

    place: an address of a relay, rtsp://127.0.0.1:PORT/… or http://127.0.0.1:PORT/…, or a path of a file or a device.
    name: what sentences call it. open_seconds: how long a relay waits for the whole answer; FFmpeg waits a little
    longer in each of its two steps, connecting and finding the video. stall_seconds: how long a relay waits between two
    pictures; FFmpeg waits a little longer. paced: play files at their own speed, as a camera would; else as fast as
    they are read. measuring: have the decoder say with each frame how hard it was compressed. shape: applied to every
    frame.
    """

    def __init__(
        self,
        place: str,
        *,
        name: str = "The camera",
        open_seconds: float = 10.0,
        stall_seconds: float = 3.0,
        paced: bool = True,
        measuring: bool = False,
        shape: PictureShape = PictureShape(),  # noqa: B008 - frozen
        clock: Clock = system_clock,
    ) -> None:
        self._place = place
        self._name = name
        self._scheme = place.split("://", maxsplit=1)[0].lower() if "://" in place else "file"
        self._local = self._scheme == "file"
        self._timeout = (open_seconds + GRACE_SECONDS, stall_seconds + GRACE_SECONDS)
        self._paced = paced
        self._measuring = measuring
        self._shape = shape
        self._clock = clock
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._container_aspect: Fraction | None = None
        self._converter = PictureConverter()
        self._layout: PictureLayout | None = None
        self._layout_of: tuple[object, ...] = ()
        self._reading = Lock()
        """Held while FFmpeg reads."""
        self._decoding = Lock()
        """Held while a packet is decoded, and while the decoder is taken away: the two may be in different threads."""
        self._closed = Event()
        self._damage = Damage()
        self._broken_since: float | None = None
        self._refused: CameraStreamError | None = None
        """Why the decoder's thread gives the stream up."""
        self._bytes = 0
        self._received = 0

    @property
    def bytes_received(self) -> int:
        """Bytes of video packets received so far."""
        return self._bytes

    @property
    def damaged(self) -> int:
        """Packets that follow a loss or could not be decoded, and frames that came out in pieces, so far."""
        return self._damage.hits

    def open(self) -> StreamInfo:
        """Connects and finds the video. Raises CameraUnreachableError or CameraStreamError."""
        failure: ClearglassError | None = None
        began = time.monotonic()
        try:
            self._container = self._opened()
        except (av.FFmpegError, OSError, ValueError) as error:
            # FFmpeg's RTSP calls it invalid data when it was stopped while it waited for an answer.
            late = time.monotonic() - began >= self._timeout[0]
            failure = not_opened(TimeoutError() if late else error, self._name, local=self._local)
        if failure is not None:
            # Raised out here so that FFmpeg's own error, which repeats the place, is not even its context.
            raise failure
        try:
            return self._prepared()
        except BaseException:
            self.close()
            raise

    def packets(self) -> Iterator[Packet]:
        """Packets as they arrive, until the stream's regular end. Raises CameraStreamError when it breaks or stalls."""
        failure: ClearglassError | None = None
        try:
            yield from self._received_packets()
        except (av.FFmpegError, OSError, ValueError) as error:
            failure = broken_off(error, self._name, local=self._local)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Gives everything back. A thread that reads meanwhile gives the connection back itself when it may."""
        self._closed.set()
        with self._decoding:
            self._stream = None
        if self._reading.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._reading.release()

    def _release(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _opened(self) -> "InputContainer":
        # The limit on pixels holds for the decoder that finds out what the stream is, too.
        options = {"max_pixels": str(MOST_PIXELS), "protocol_whitelist": PROTOCOLS.get(self._scheme, "none")}
        if self._local:
            path = Path(self._place)
            if _is_device(path):
                self._paced = False
                return av.open(str(path), format="video4linux2", options=options, timeout=self._timeout)
            return av.open(f"file:{path}", options=options | {"format_whitelist": FORMATS}, timeout=self._timeout)
        self._paced = False
        options |= {"format_whitelist": FORMATS, "analyzeduration": PROBED}
        # The relay keeps the precise time: FFmpeg's own limit is there for a relay that hangs.
        microseconds = str(round(max(self._timeout) * 1e6))
        if self._scheme == "rtsp":
            options |= {"rtsp_transport": "tcp", "allowed_media_types": "video", "timeout": microseconds}
            options |= {"fflags": "nobuffer"}
        else:
            # Not even one frame more than the decoder needs: a still-picture camera may send the next in an hour.
            options |= {"max_redirects": "0", "rw_timeout": microseconds, "fpsprobesize": "0"}
        return av.open(self._place, options=options, timeout=self._timeout)

    def _prepared(self) -> StreamInfo:
        """Makes the decoder ready. Raises CameraStreamError when there is none, or it would have too much to do."""
        assert self._container is not None  # noqa: S101 - for the type checker
        if not self._container.streams.video:
            raise CameraStreamError(
                f"{self._name} sends no video.",
                remedy="Check the path of the camera's address: this one may be for sound or data only.",
            )
        stream = self._container.streams.video[0]
        decoder = stream.codec_context
        if decoder is None:
            raise CameraStreamError(
                f"{self._name} sends video of a kind that cannot be decoded here.",
                remedy="Set the camera to H.264, H.265 or MJPEG.",
            )
        if (failure := self._too_large(decoder.width, decoder.height)) is not None:
            raise failure
        # One thread and no frame threading: a second one would hold each frame back until the next has come.
        stream.thread_type = "NONE"
        decoder.thread_count = 1
        # A frame bears its own packet's stamps, also where others come out of the decoder first.
        decoder.flags |= Flags.copy_opaque
        decoder.options = {"max_pixels": str(MOST_PIXELS)}
        if self._measuring:
            decoder.options |= {"export_side_data": "venc_params"}
        if self._local:
            self._container_aspect = stream.sample_aspect_ratio
        self._stream = stream
        aspect = self._container_aspect or decoder.sample_aspect_ratio
        return StreamInfo(
            codec=decoder.name,
            width=decoder.width,
            height=decoder.height,
            aspect_stated=bool(aspect) and aspect != 1,
        )

    def _received_packets(self) -> Iterator[Packet]:
        assert self._container is not None and self._stream is not None  # noqa: S101 - for the type checker
        arriving = self._arriving(self._container.demux(self._stream))
        unflagged = self._stream.codec_context.name in UNFLAGGED
        for packet, stamps, cut in _in_hindsight(arriving) if unflagged else ((*one, False) for one in arriving):
            yield self._stamped(packet, stamps, cut)
            if self._refused is not None:
                raise self._refused
            if self._broken_since is not None and time.monotonic() - self._broken_since > TOLERATED_BROKEN:
                raise CameraStreamError(
                    f"Nothing of the stream of {self._name} could be decoded for {TOLERATED_BROKEN:.0f} seconds.",
                    remedy="Check that the camera sends H.264, H.265 or MJPEG, and restart it.",
                )

    def _arriving(self, demuxed: "Iterator[VideoPacket]") -> "Iterator[tuple[VideoPacket, _Stamps]]":
        """Packets with their stamps, files' at their pace."""
        due = _Due()
        while (packet := self._next(demuxed)) is not None:
            if not packet.size:
                continue
            self._bytes += packet.size
            if self._paced and self._closed.wait(due.seconds_until(packet)):
                return
            self._received += 1
            yield packet, _Stamps(number=self._received, arrived=time.monotonic(), captured_at=self._clock())

    def _next(self, demuxed: "Iterator[VideoPacket]") -> "VideoPacket | None":
        """The next packet; None at the stream's end, or when the source was closed meanwhile."""
        with self._reading:
            packet = None if self._closed.is_set() else next(demuxed, None)
            if self._closed.is_set():
                self._release()
                return None
            return packet

    def _stamped(self, packet: "VideoPacket", stamps: _Stamps, cut: bool) -> Packet:
        """cut: packets of RTP are missing after it, which may be its own."""
        return Packet(
            arrived=stamps.arrived,
            key=packet.is_keyframe,
            size=packet.size,
            decode=lambda afresh: self._decoded(packet, stamps, afresh, cut),
        )

    def _decoded(self, packet: "VideoPacket", stamps: _Stamps, afresh: bool, cut: bool) -> Frame | None:
        with self._decoding:
            if self._stream is None:
                return None
            decoder = self._stream.codec_context
            if afresh:
                decoder.flush_buffers()
            suspicion = self._suspicion(packet, stamps, afresh, cut)
            packet.opaque = _Decoding(stamps=stamps, suspicion=suspicion)
            try:
                pictures = decoder.decode(packet)
            except av.FFmpegError:
                self._damage.broken(suspicion)
                self._refused = self._too_large(decoder.width, decoder.height) or self._too_large_jpeg(packet)
                if self._broken_since is None:
                    self._broken_since = time.monotonic()
                return None
            self._broken_since = None
            aspect = self._container_aspect or decoder.sample_aspect_ratio
        frame = None
        for picture in pictures:
            frame = self._frame(picture, packet.opaque, aspect)
        return frame

    def _suspicion(self, packet: "VideoPacket", stamps: _Stamps, afresh: bool, cut: bool) -> Suspicion:
        shown = packet.pts if packet.pts is not None else packet.dts
        return self._damage.packet(
            stamps.number,
            arrived=stamps.arrived,
            shown=None if shown is None else float(shown),
            key=packet.is_keyframe,
            hit=cut or packet.is_corrupt or LOSS_MARKER in bytes(packet),
            torn=afresh,
        )

    def _frame(self, picture: "VideoFrame", latest: _Decoding, aspect: "Fraction | None") -> Frame:
        decoding = picture.opaque if isinstance(picture.opaque, _Decoding) else latest
        stamps, suspicion = decoding.stamps, decoding.suspicion
        if picture.is_corrupt:
            self._damage.broken(suspicion)
        layout = self._laid_out(picture, aspect)
        width, height = layout.size
        return Frame(
            number=stamps.number,
            arrived=stamps.arrived,
            captured_at=stamps.captured_at,
            width=width,
            height=height,
            pixels=lambda: self._converter.converted(picture, layout, width, height),
            shrunk=lambda across, down: self._converter.converted(picture, layout, across, down),
            quantisers=lambda: quantisers(picture, layout),
            damaged=self._damage.damages(suspicion),
        )

    def _laid_out(self, picture: "VideoFrame", aspect: "Fraction | None") -> PictureLayout:
        """The layout of a picture, which is that of the one before unless something about the stream has changed."""
        width, height, interlaced = picture.width, picture.height, picture.interlaced_frame
        # PyAV's side data and its frame hold each other until Python's collector comes by, so they are read when the
        # angle has changed only, which costs nothing to ask for.
        kind = (width, height, interlaced, aspect, picture.rotation)
        if self._layout is None or kind != self._layout_of:
            matrix = picture.side_data.get("DISPLAYMATRIX")
            self._layout_of = kind
            self._layout = lay_out(
                width,
                height,
                shape=self._shape,
                interlaced=interlaced,
                sample_aspect=aspect,
                displayed=turn_of_matrix(bytes(matrix)) if isinstance(matrix, SideData) else None,
            )
        return self._layout

    def _too_large(self, width: int, height: int) -> CameraStreamError | None:
        if width * height <= MOST_PIXELS:
            return None
        return CameraStreamError(
            f"{self._name} sends pictures of {width}×{height} pixels, and the most is 7680×4320.",
            remedy="Set the camera to a lower resolution.",
        )

    def _too_large_jpeg(self, packet: "VideoPacket") -> CameraStreamError | None:
        """The decoder forgets the size of a JPEG that it refuses."""
        size = jpeg_size(bytes(packet)) if packet.stream.codec_context.name == "mjpeg" else None
        return None if size is None else self._too_large(*size)


class _Due:
    """When the packets of a file are due, by its own time stamps."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._first = self._last = 0.0

    def seconds_until(self, packet: "VideoPacket") -> float:
        """How long to wait for the packet; 0 when it is due."""
        if packet.dts is None or packet.time_base is None:
            return 0.0
        sent = float(packet.dts * packet.time_base)
        if self._began is None or not 0 <= sent - self._last <= LONGEST_STEP:
            self._began, self._first = time.monotonic(), sent
        self._last = sent
        return max(0.0, self._began + sent - self._first - time.monotonic())


def _in_hindsight(
    arriving: "Iterator[tuple[VideoPacket, _Stamps]]",
) -> "Iterator[tuple[VideoPacket, _Stamps, bool]]":
    """Each packet once the next is there, and whether that one bears the mark of a loss."""
    before = None
    for packet, stamps in arriving:
        if before is not None:
            yield *before, LOSS_MARKER in bytes(packet)
        before = packet, stamps
    if before is not None:
        yield *before, False


def decoder_version() -> str:
    """The H.264 decoder at hand, in words. Raises ValueError where there is none."""
    return f"{av.codec.Codec('h264', 'r').long_name}, PyAV {av.__version__}"


def _is_device(path: Path) -> bool:
    return stat.S_ISCHR(path.stat().st_mode)
