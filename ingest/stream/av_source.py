"""The door to FFmpeg (PyAV): a relay's RTSP or HTTP stream, a file or a V4L2 webcam becomes frames.

By default FFmpeg opens any protocol that a playlist names, so each open has lists of allowed protocols and formats. Its
log is switched off, and none of its messages is passed on: an error of FFmpeg's is replaced by one of this project,
without a cause. The relay handles logins, TLS, redirects and the camera's own address, and this process receives none
of them.
"""

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import av

from ingest.camera.picture_shape import PictureShape
from ingest.stream.av_decoder import AvDecoder, Stamps
from ingest.stream.av_failure import interruption_error, opening_error
from ingest.stream.loss_marker import LOSS_MARKER
from ingest.stream.packet import Packet
from ingest.stream.picture_layout import MOST_PIXELS
from ingest.stream.source import CameraStreamError, StreamInfo
from matcher.clock import Clock, system_clock
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as AvPacket
    from av.video.stream import VideoStream

    VideoPacket = AvPacket[VideoStream]

PROTOCOLS = {"rtsp": "rtsp,rtp,tcp", "http": "http,tcp", "file": "file"}

FORMATS = "rtsp,sdp,rtp,mpjpeg,mjpeg,jpeg_pipe,mpegts,mov,mp4,matroska,webm,flv,h264,hevc,avi,gif"
"""No playlists (hls, dash, concat): they would name further addresses that nobody checked."""

LONGEST_STEP = 10.0
"""Seconds between the time stamps of two packets of a file; a longer step, or one back, begins a new time line."""

UNFLAGGED = {"hevc"}
"""Decoders that do not report a missing end of a picture, as FFmpeg's H.264 decoder does. The loss marker comes with
the next packet, so each packet waits for the next one: one frame's time."""

GRACE_SECONDS = 1.0
"""Seconds that FFmpeg waits longer than a relay: the relay's error names what the camera did not do."""

PROBED = "2000000"
"""The most microseconds of a stream that FFmpeg reads to detect its format."""


class AvSource:
    """A source on FFmpeg.

    place: an address of a relay, rtsp://127.0.0.1:PORT/… or http://127.0.0.1:PORT/…, or a path of a file or a device.
    name: the camera's name in sentences. open_seconds: how long a relay waits for the whole answer; FFmpeg waits a
    little longer in each of its two steps, connecting and finding the video. stall_seconds: how long a relay waits
    between two pictures; FFmpeg waits a little longer. paced: play files at their own speed, as a camera would; else as
    fast as they are read. measuring: make the decoder report the quantisers of each frame. shape: applied to every
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
        self._clock = clock
        self._container: InputContainer | None = None
        self._decoder = AvDecoder(name, measuring=measuring, shape=shape)
        self._reading = Lock()
        """Held while FFmpeg reads."""
        self._closed = Event()
        self._bytes = 0
        self._received = 0

    @property
    def bytes_received(self) -> int:
        """Bytes of video packets received so far."""
        return self._bytes

    @property
    def damaged(self) -> int:
        """Packets that follow a loss or could not be decoded, and frames that came out in pieces, so far."""
        return self._decoder.damaged

    def open(self) -> StreamInfo:
        """Connects and finds the video. Raises CameraUnreachableError or CameraStreamError."""
        failure: ClearglassError | None = None
        began = time.monotonic()
        try:
            self._container = self._opened()
        except (av.FFmpegError, OSError, ValueError) as error:
            # FFmpeg's RTSP reports invalid data when it was stopped while it waited for an answer.
            late = time.monotonic() - began >= self._timeout[0]
            failure = opening_error(TimeoutError() if late else error, self._name, local=self._local)
        if failure is not None:
            # Raised outside of the except block, so that FFmpeg's own error, which contains the place, is not its
            # context.
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
            failure = interruption_error(error, self._name, local=self._local)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Closes everything. If a thread is reading, that thread closes the connection itself."""
        self._closed.set()
        self._decoder.close()
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
        # The limit on pixels applies to the decoder that detects the stream's format, too.
        options = {"max_pixels": str(MOST_PIXELS), "protocol_whitelist": PROTOCOLS.get(self._scheme, "none")}
        if self._local:
            path = Path(self._place)
            if _is_device(path):
                self._paced = False
                return av.open(str(path), format="video4linux2", options=options, timeout=self._timeout)
            return av.open(f"file:{path}", options=options | {"format_whitelist": FORMATS}, timeout=self._timeout)
        self._paced = False
        options |= {"format_whitelist": FORMATS, "analyzeduration": PROBED}
        # The relay applies the precise limit: FFmpeg's own is for a relay that hangs.
        microseconds = str(round(max(self._timeout) * 1e6))
        if self._scheme == "rtsp":
            options |= {"rtsp_transport": "tcp", "allowed_media_types": "video", "timeout": microseconds}
            options |= {"fflags": "nobuffer"}
        else:
            # No frame more than the decoder needs: a still-picture camera may send the next in an hour.
            options |= {"max_redirects": "0", "rw_timeout": microseconds, "fpsprobesize": "0"}
        return av.open(self._place, options=options, timeout=self._timeout)

    def _prepared(self) -> StreamInfo:
        """Finds the video, and opens its decoder. Raises CameraStreamError where that fails."""
        assert self._container is not None  # noqa: S101 - for the type checker
        if not self._container.streams.video:
            raise CameraStreamError(
                f"{self._name} sends no video.",
                remedy="Check the path of the camera's address: this one may be for sound or data only.",
            )
        return self._decoder.prepare(self._container.streams.video[0], local=self._local)

    def _received_packets(self) -> Iterator[Packet]:
        stream = self._decoder.stream
        assert self._container is not None and stream is not None  # noqa: S101 - for the type checker
        arriving = self._arriving(self._container.demux(stream))
        unflagged = stream.codec_context.name in UNFLAGGED
        for packet, stamps, cut in _in_hindsight(arriving) if unflagged else ((*one, False) for one in arriving):
            yield self._stamped(packet, stamps, cut)
            self._decoder.require_decodable()

    def _arriving(self, demuxed: "Iterator[VideoPacket]") -> "Iterator[tuple[VideoPacket, Stamps]]":
        """Packets with their stamps; those of paced files at their speed."""
        due = _Due()
        while (packet := self._next(demuxed)) is not None:
            if not packet.size:
                continue
            self._bytes += packet.size
            if self._paced and self._closed.wait(due.seconds_until(packet)):
                return
            self._received += 1
            yield packet, Stamps(number=self._received, arrived=time.monotonic(), captured_at=self._clock())

    def _next(self, demuxed: "Iterator[VideoPacket]") -> "VideoPacket | None":
        """The next packet; None at the stream's end, or when the source was closed meanwhile."""
        with self._reading:
            packet = None if self._closed.is_set() else next(demuxed, None)
            if self._closed.is_set():
                self._release()
                return None
            return packet

    def _stamped(self, packet: "VideoPacket", stamps: Stamps, cut: bool) -> Packet:
        """cut: RTP packets are missing after it, which may be part of it."""
        return Packet(
            arrived=stamps.arrived,
            key=packet.is_keyframe,
            size=packet.size,
            decode=lambda afresh: self._decoder.decoded(packet, stamps, afresh=afresh, cut=cut),
        )


class _Due:
    """The times at which the packets of a file are due, by its own time stamps."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._first = self._last = 0.0

    def seconds_until(self, packet: "VideoPacket") -> float:
        """Seconds to wait for the packet; 0 when it is due."""
        if packet.dts is None or packet.time_base is None:
            return 0.0
        sent = float(packet.dts * packet.time_base)
        if self._began is None or not 0 <= sent - self._last <= LONGEST_STEP:
            self._began, self._first = time.monotonic(), sent
        self._last = sent
        return max(0.0, self._began + sent - self._first - time.monotonic())


def _in_hindsight(
    arriving: "Iterator[tuple[VideoPacket, Stamps]]",
) -> "Iterator[tuple[VideoPacket, Stamps, bool]]":
    """Each packet once the next has arrived, and true if that one has a loss marker."""
    before = None
    for packet, stamps in arriving:
        if before is not None:
            yield *before, LOSS_MARKER in bytes(packet)
        before = packet, stamps
    if before is not None:
        yield *before, False


def _is_device(path: Path) -> bool:
    return stat.S_ISCHR(path.stat().st_mode)
