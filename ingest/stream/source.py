"""The protocol of sources of frames, and their errors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ingest.stream.packet import Packet
from matcher.errors import ClearglassError


class CameraUnreachableError(ClearglassError):
    """The camera could not be connected to."""

    code: ClassVar[str] = "camera_unreachable"


class CameraLoginError(ClearglassError):
    """The camera refused the login, or asked for one where there is none. sent: true if the camera's login was sent and
    refused.
    """

    code: ClassVar[str] = "camera_login"
    sent: bool = False


class CameraStreamError(ClearglassError):
    """The camera sends no readable video, or it stopped sending."""

    code: ClassVar[str] = "camera_stream"


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """A stream's facts. width, height: pixels as they are sent, before any shape is applied; 0 while unknown.
    aspect_stated: true if it states that its pixels are not square."""

    codec: str
    width: int
    height: int
    aspect_stated: bool = False


class Source(Protocol):
    """One connection to one stream. Owned by one thread; `close` may be called from any, also twice. Its packets may be
    decoded by another thread; after `close` they give no frame.
    """

    @property
    def bytes_received(self) -> int:
        """Bytes of video packets received so far."""
        ...

    def open(self) -> StreamInfo:
        """Connects. Raises a ClearglassError that holds no secret."""
        ...

    def packets(self) -> Iterator[Packet]:
        """Packets as they arrive, until the stream's regular end. Raises CameraStreamError when it breaks or stalls."""
        ...

    def close(self) -> None:
        """Closes everything."""
        ...


class MeasuringSource(Source, Protocol):
    """A source that also counts damage."""

    @property
    def damaged(self) -> int:
        """The number, so far, of packets that follow a loss or could not be decoded, and of incomplete frames."""
        ...
