"""Where frames come from: the protocol every kind of source follows, and what can go wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ingest.stream.packet import Packet
from matcher.errors import ClearglassError


class CameraUnreachableError(ClearglassError):
    """The camera could not be connected to."""

    code: ClassVar[str] = "camera_unreachable"


class CameraLoginError(ClearglassError):
    """The camera refused the login, or asked for one where there is none.

    sent: whether the camera's login was sent, and refused.
    """

    code: ClassVar[str] = "camera_login"
    sent: bool = False


class CameraStreamError(ClearglassError):
    """What the camera sends is no video that can be read, or it stopped sending."""

    code: ClassVar[str] = "camera_stream"


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """What a stream says of itself. width, height: pixels as they are sent, before any shape is applied; 0 when the
    stream did not say yet. aspect_stated: it says that its pixels are not square."""

    codec: str
    width: int
    height: int
    aspect_stated: bool = False


class Source(Protocol):
    """One connection to one stream. Owned by one thread; `close` may be called from any, also twice.

    Its packets may be decoded by another thread, also after it was closed: then nothing comes of them.
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
        """Gives everything back."""
        ...


class MeasuringSource(Source, Protocol):
    """A source that tells besides what is damaged."""

    @property
    def damaged(self) -> int:
        """Packets that follow a loss or could not be decoded, and frames that came out in pieces, so far."""
        ...
