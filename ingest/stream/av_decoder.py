"""One stream's decoder (PyAV): turns packets into frames, and marks frames that depend on lost packets as damaged."""

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags
from av.sidedata.sidedata import SideData

from ingest.camera.picture_shape import PictureShape
from ingest.stream.damage import Damage, Suspicion
from ingest.stream.frame import Frame
from ingest.stream.jpeg_header import jpeg_size
from ingest.stream.loss_marker import LOSS_MARKER
from ingest.stream.picture_converter import PictureConverter, quantisers
from ingest.stream.picture_layout import MOST_PIXELS, PictureLayout, lay_out
from ingest.stream.source import CameraStreamError, StreamInfo
from ingest.stream.turn import turn_of_matrix

if TYPE_CHECKING:
    from fractions import Fraction

    from av.packet import Packet as AvPacket
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = AvPacket[VideoStream]

TOLERATED_BROKEN = 10.0
"""Seconds in which every packet may fail to decode before the stream is given up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stamps:
    """The number of a packet in its stream, and its time of arrival."""

    number: int
    arrived: float
    captured_at: datetime


@dataclass(frozen=True, kw_only=True, eq=False)
class _Decoding:
    """Data that stays with a frame through the decoder: its packet's stamps and damage."""

    stamps: Stamps
    suspicion: Suspicion


class AvDecoder:
    """Packets may be decoded in another thread than the one that receives them; `close` may be called from any. name:
    the camera's name in sentences. measuring, shape: as for `AvSource`.
    """

    def __init__(self, name: str, *, measuring: bool, shape: PictureShape) -> None:
        self._name = name
        self._measuring = measuring
        self._shape = shape
        self._stream: VideoStream | None = None
        self._container_aspect: Fraction | None = None
        self._converter = PictureConverter()
        self._layout: PictureLayout | None = None
        self._layout_of: tuple[object, ...] = ()
        self._decoding = Lock()
        """Held while a packet is decoded, and while the decoder is removed: the two may be in different threads."""
        self._damage = Damage()
        self._broken_since: float | None = None
        self._refused: CameraStreamError | None = None
        """The error for which the decoder's thread closes the stream."""

    @property
    def damaged(self) -> int:
        """The number, so far, of packets that follow a loss or could not be decoded, and of incomplete frames."""
        return self._damage.hits

    @property
    def stream(self) -> "VideoStream | None":
        """The decoded stream; None before `prepare` and after `close`."""
        return self._stream

    def prepare(self, stream: "VideoStream", *, local: bool) -> StreamInfo:
        """Opens the decoder. Raises CameraStreamError when there is none for the stream, or the pictures are too large.
        local: true for a file or a device, whose container may state the shape of its pixels.
        """
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
        # A frame keeps its own packet's stamps, also where the decoder changes the order.
        decoder.flags |= Flags.copy_opaque
        decoder.options = {"max_pixels": str(MOST_PIXELS)}
        if self._measuring:
            decoder.options |= {"export_side_data": "venc_params"}
        if local:
            self._container_aspect = stream.sample_aspect_ratio
        self._stream = stream
        aspect = self._container_aspect or decoder.sample_aspect_ratio
        return StreamInfo(
            codec=decoder.name,
            width=decoder.width,
            height=decoder.height,
            aspect_stated=bool(aspect) and aspect != 1,
        )

    def require_decodable(self) -> None:
        """Raises CameraStreamError when the stream is to be closed."""
        if self._refused is not None:
            raise self._refused
        if self._broken_since is not None and time.monotonic() - self._broken_since > TOLERATED_BROKEN:
            raise CameraStreamError(
                f"Nothing of the stream of {self._name} could be decoded for {TOLERATED_BROKEN:.0f} seconds.",
                remedy="Check that the camera sends H.264, H.265 or MJPEG, and restart it.",
            )

    def close(self) -> None:
        """Removes the decoder: packets that are decoded later give no frame."""
        with self._decoding:
            self._stream = None

    def decoded(self, packet: "VideoPacket", stamps: Stamps, *, afresh: bool, cut: bool) -> Frame | None:
        """The frame of the packet, or of one before it. afresh: packets before it were left out. cut: RTP packets are
        missing after it, which may be part of it.
        """
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

    def _suspicion(self, packet: "VideoPacket", stamps: Stamps, afresh: bool, cut: bool) -> Suspicion:
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
        """The layout of a picture: that of the one before, unless the stream has changed."""
        width, height, interlaced = picture.width, picture.height, picture.interlaced_frame
        # PyAV's side data and its frame form a reference cycle until Python's collector runs, so side data is read only
        # when the angle has changed; reading the angle costs nothing.
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
        """The size of a JPEG, which the decoder does not report when it refuses the JPEG."""
        size = jpeg_size(bytes(packet)) if packet.stream.codec_context.name == "mjpeg" else None
        return None if size is None else self._too_large(*size)


def decoder_version() -> str:
    """The available H.264 decoder, as text. Raises ValueError where there is none."""
    return f"{av.codec.Codec('h264', 'r').long_name}, PyAV {av.__version__}"
