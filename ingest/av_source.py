"""The door to FFmpeg (PyAV): RTSP over TCP, HTTP, files and V4L2 webcams become frames.

FFmpeg by itself opens any protocol a playlist names, follows redirects and repeats addresses with their logins in its
messages. So protocols and formats are whitelisted on each open; HTTP's redirects are refused, and RTSP's, which FFmpeg
has no switch for, are found out by the peer it ended up with; its log stays switched off, and none of its messages is
passed on: an error of FFmpeg's becomes one of ours, without a cause.
"""

import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags
from av.sidedata.encparams import VideoEncParams, VideoEncParamsType
from av.video.reformatter import Interpolation, VideoReformatter

from ingest.address import CameraAddressRefusedError, Location
from ingest.camera import Credentials
from ingest.frame import Frame, Quantisers
from ingest.packet import Packet
from ingest.source import CameraLoginError, CameraStreamError, CameraUnreachableError, StreamInfo
from matcher.clock import Clock, system_clock
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as AvPacket
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from matcher.recognition.face import Image

    VideoPacket = AvPacket[VideoStream]

PROTOCOLS = {
    "rtsp": "rtsp,rtp,tcp",
    "rtsps": "rtsp,rtsps,rtp,tls,tcp",
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
    "file": "file",
}

FORMATS = "rtsp,sdp,rtp,mpjpeg,mjpeg,jpeg_pipe,mpegts,mov,mp4,matroska,webm,flv,h264,hevc,avi,gif"
"""No playlists (hls, dash, concat): they would name further addresses that nobody checked."""

TOLERATED_BROKEN = 10.0
"""Seconds in which every packet may fail to decode before the stream is given up."""


@dataclass(frozen=True, kw_only=True)
class _Stamps:
    """Which packet of its stream, and when it came."""

    number: int
    arrived: float
    captured_at: datetime


class AvSource:
    """A source on FFmpeg.

    paced: play files at their own speed, as a camera would; else as fast as they are read. measuring: have the decoder
    tell with each frame how hard it was compressed.
    """

    def __init__(
        self,
        location: Location,
        credentials: Credentials | None = None,
        *,
        open_seconds: float = 3.0,
        stall_seconds: float = 3.0,
        paced: bool = True,
        measuring: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        self._location = location
        self._credentials = credentials
        self._open_seconds = open_seconds
        self._stall_seconds = stall_seconds
        self._paced = paced and location.path is not None and not _is_device(location.path)
        self._measuring = measuring
        self._clock = clock
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._reformatter = VideoReformatter()
        self._decoding = Lock()
        """Held while a packet is decoded, and while the decoder is taken away: the two may be in different threads."""
        self._broken_since: float | None = None
        self._bytes = 0
        self._received = 0
        self._frames = 0
        self._damaged = 0

    @property
    def bytes_received(self) -> int:
        """Bytes of video packets received so far."""
        return self._bytes

    @property
    def damaged(self) -> int:
        """Packets that could not be decoded, and frames that came out of the decoder in pieces, so far."""
        return self._damaged

    def open(self) -> StreamInfo:
        """Connects and finds the video. Raises CameraUnreachableError, CameraLoginError, CameraStreamError,
        or CameraAddressRefusedError when the camera redirects elsewhere."""
        failure: ClearglassError | None = None
        try:
            before = _peers()
            self._container = self._opened()
            if self._location.ip is not None and self._led_elsewhere(_peers() - before):
                failure = CameraAddressRefusedError(
                    f"{self._place} sent us on to another address, which nobody has allowed.",
                    remedy="Give the camera's final address, if this site allows it.",
                )
        except (av.FFmpegError, OSError, ValueError) as error:
            failure = self._translated(error)
        if failure is not None:
            self.close()
            # Raised out here so that FFmpeg's own error, which repeats the login, is not even its context.
            raise failure
        assert self._container is not None  # noqa: S101 - for the type checker
        if not self._container.streams.video:
            self.close()
            raise CameraStreamError(f"{self._place} sends no video.", remedy="Check the path of the camera's address.")
        stream = self._container.streams.video[0]
        # One thread and no frame threading: a second one would hold each frame back until the next has come.
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        # A frame bears its own packet's stamps, also where others come out of the decoder first.
        stream.codec_context.flags |= Flags.copy_opaque
        if self._measuring:
            stream.codec_context.options = {"export_side_data": "venc_params"}
        self._stream = stream
        return StreamInfo(
            codec=stream.codec_context.name,
            width=stream.codec_context.width,
            height=stream.codec_context.height,
        )

    def packets(self) -> Iterator[Packet]:
        """Packets as they arrive, until the stream's regular end. Raises CameraStreamError when it breaks or stalls."""
        failure: ClearglassError | None = None
        try:
            yield from self._received_packets()
        except (av.FFmpegError, OSError, ValueError) as error:
            failure = self._translated(error)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Gives everything back."""
        with self._decoding:
            container, self._container = self._container, None
            self._stream = None
            if container is not None:
                container.close()

    @property
    def _place(self) -> str:
        return str(self._location.address or "The camera's file")

    def _led_elsewhere(self, peers: set[tuple[str, int]]) -> bool:
        assert self._location.address is not None  # noqa: S101 - for the type checker
        return bool(peers - {(str(self._location.ip), self._location.address.port)})

    def _opened(self) -> "InputContainer":
        address, path = self._location.address, self._location.path
        timeout = (self._open_seconds, self._stall_seconds)
        if path is not None and _is_device(path):
            return av.open(str(path), format="video4linux2", options={"protocol_whitelist": "file"}, timeout=timeout)
        scheme = "file" if address is None else address.scheme
        options = {"protocol_whitelist": PROTOCOLS[scheme], "format_whitelist": FORMATS}
        if path is not None:
            return av.open(f"file:{path}", options=options, timeout=timeout)
        # FFmpeg waits this out twice before it gives a silent RTSP stream up.
        microseconds = str(round(self._stall_seconds * 1e6 / 2))
        if scheme in ("rtsp", "rtsps"):
            options |= {"rtsp_transport": "tcp", "allowed_media_types": "video", "timeout": microseconds}
            options |= {"fflags": "nobuffer", "analyzeduration": "2000000"}
        else:
            assert address is not None  # noqa: S101 - for the type checker
            options |= {"max_redirects": "0", "rw_timeout": microseconds, "analyzeduration": "2000000"}
            options |= {"headers": f"Host: {address.host_and_port}\r\n"}
        return av.open(self._location.url(self._credentials), options=options, timeout=timeout)

    def _received_packets(self) -> Iterator[Packet]:
        assert self._container is not None and self._stream is not None  # noqa: S101 - for the type checker
        started, first = 0.0, 0.0
        for packet in self._container.demux(self._stream):
            if not packet.size:
                continue
            self._bytes += packet.size
            if self._paced and packet.dts is not None and packet.time_base is not None:
                due = float(packet.dts * packet.time_base)
                if not started:
                    started, first = time.monotonic(), due
                time.sleep(max(0.0, started + due - first - time.monotonic()))
            self._received += 1
            yield self._stamped(packet, self._received)
            if self._broken_since is not None and time.monotonic() - self._broken_since > TOLERATED_BROKEN:
                raise av.error.InvalidDataError(0, "")

    def _stamped(self, packet: "VideoPacket", number: int) -> Packet:
        stamps = _Stamps(number=number, arrived=time.monotonic(), captured_at=self._clock())
        packet.opaque = stamps
        return Packet(
            arrived=stamps.arrived,
            key=packet.is_keyframe,
            sent=_sent(packet),
            size=packet.size,
            decode=lambda afresh: self._decoded(packet, stamps, afresh),
        )

    def _decoded(self, packet: "VideoPacket", stamps: "_Stamps", afresh: bool) -> Frame | None:
        with self._decoding:
            if self._stream is None:
                return None
            decoder = self._stream.codec_context
            if afresh:
                decoder.flush_buffers()
            try:
                pictures = decoder.decode(packet)
            except av.FFmpegError:
                self._damaged += 1
                if self._broken_since is None:
                    self._broken_since = time.monotonic()
                return None
            self._broken_since = None
        return self._frame(pictures[-1], stamps) if pictures else None

    def _frame(self, picture: "VideoFrame", latest: "_Stamps") -> Frame:
        self._frames += 1
        self._damaged += picture.is_corrupt
        stamps = picture.opaque if isinstance(picture.opaque, _Stamps) else latest
        return Frame(
            number=stamps.number,
            arrived=stamps.arrived,
            captured_at=stamps.captured_at,
            width=picture.width,
            height=picture.height,
            pixels=lambda: self._converted(picture, picture.width, picture.height),
            shrunk=lambda width, height: self._converted(picture, width, height),
            quantisers=lambda: _quantisers(picture),
        )

    def _converted(self, picture: "VideoFrame", width: int, height: int) -> "Image":
        turned = self._reformatter.reformat(
            picture, width, height, format="bgr24", interpolation=Interpolation.AREA, threads=1
        )
        image: Image = turned.to_ndarray()  # type: ignore[assignment]
        return image

    def _translated(self, error: Exception) -> ClearglassError:
        place = self._place
        if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
            given = "the login it was given" if self._credentials else "a connection without a login"
            return CameraLoginError(
                f"{place} refused {given}.", remedy="Check the camera's user name, password and rights."
            )
        if isinstance(error, av.error.HTTPNotFoundError):
            return CameraUnreachableError(
                f"{place} has no stream at this path.", remedy="Look the stream's path up in the camera's manual."
            )
        if isinstance(error, ConnectionRefusedError):
            return CameraUnreachableError(
                f"{place} refused the connection.", remedy="Check the port, and that the camera is on."
            )
        if isinstance(error, TimeoutError | av.error.ExitError):
            return CameraUnreachableError(
                f"{place} did not answer in time.", remedy="Check that the camera is on and can be reached."
            )
        if self._container is None and isinstance(error, FileNotFoundError | PermissionError):
            return CameraUnreachableError(
                f"{place} cannot be opened.", remedy="Check that it is there and may be read by this account."
            )
        what = "cannot be read as video" if self._frames == 0 else "broke off"
        return CameraStreamError(
            f"The stream of {place} {what} ({type(error).__name__}).",
            remedy="Check that it is H.264, H.265 or MJPEG, and the network between here and the camera.",
        )


def _peers() -> set[tuple[str, int]]:
    """Address and port at the other end of each TCP connection that this process has opened, and not accepted.

    Raises CameraUnreachableError where the system does not say: nobody could know where a camera led us.
    """
    import psutil

    try:
        connections = psutil.Process().net_connections("tcp")
    except psutil.Error as error:
        raise CameraUnreachableError(
            "This system does not list the service's connections, so it cannot be checked where a camera leads.",
            remedy="Let the service's account read its own /proc entries.",
        ) from error
    listening = {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}
    return {(one.raddr.ip, one.raddr.port) for one in connections if one.raddr and one.laddr.port not in listening}


def _sent(packet: "VideoPacket") -> float | None:
    # Of its two stamps that which rises from packet to packet, also where frames are shown in another order.
    return None if packet.dts is None or packet.time_base is None else float(packet.dts * packet.time_base)


def _quantisers(picture: "VideoFrame") -> Quantisers | None:
    """Those of a frame, whose decoder was asked for them: FFmpeg's AVVideoEncParams."""
    for data in picture.side_data:
        if isinstance(data, VideoEncParams) and data.codec_type == VideoEncParamsType.H264:
            return data.qp_map()
    return None


def decoder_version() -> str:
    """The H.264 decoder at hand, in words. Raises ValueError where there is none."""
    return f"{av.codec.Codec('h264', 'r').long_name}, PyAV {av.__version__}"


def _is_device(path: Path) -> bool:
    return stat.S_ISCHR(path.stat().st_mode)
