"""Forwards RTSP between a worker's FFmpeg and its camera: it adds the login to FFmpeg's requests, and counts the
packets. FFmpeg leads: it requests the loopback address, and its requests are sent to the camera with the camera's own
address. The camera's answers are returned unchanged, with these exceptions: a demand for a login is answered here, and
a redirect or a refusal ends the exchange. Packets are forwarded unchanged; where some are missing, a loss marker is
inserted.
"""

import re
import struct
from dataclasses import dataclass

from ingest.camera.address import Address
from ingest.relay.authentication import Authentication
from ingest.relay.connection import Connection
from ingest.relay.deadline import Deadline
from ingest.relay.description import control_addresses, encodings
from ingest.relay.race import first_of
from ingest.relay.refusal import redirected, refused_status
from ingest.relay.rtp_counter import RtpCounter
from ingest.relay.rtsp_message import Block, RtspMessage, RtspReader
from ingest.relay.viewer import ViewerError
from ingest.stream.loss_marker import loss_marker_unit
from ingest.stream.source import CameraStreamError

_RTP = struct.Struct(">BBHII")
_FRAME = 4
"""Bytes before an interleaved packet: a dollar sign, the channel, the length (RFC 2326, 10.12)."""

_MOST_PENDING = 16
"""The most requests that wait for their answers."""

_METHODS = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "TEARDOWN"}
"""The methods that a viewer of a stream needs."""

_PASSED_HEADERS = {"cseq", "accept", "user-agent", "session", "transport", "range", "blocksize", "public"}
"""The headers that are forwarded to a camera; a body is not."""

_INTERLEAVED = re.compile(r"RTP/AVP/TCP;unicast;interleaved=\d{1,2}-\d{1,2}", re.ASCII)
"""The only transport that is allowed: with another, a camera would send its packets to another address."""

_STARTING = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY"}
"""The methods that must succeed before a stream begins. Later requests, which keep the session alive, may fail."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request that waits for its answer. number: the CSeq that FFmpeg gave it."""

    request: RtspMessage
    number: str


class RtspExchange:
    """One RTSP session. Owned by one task, which forwards both directions. local: the stream's address for FFmpeg.
    remote: the camera's. deadline: its limits of time.
    """

    def __init__(
        self,
        *,
        camera: Connection,
        viewer: Connection,
        local: str,
        remote: Address,
        authentication: Authentication,
        counter: RtpCounter,
        deadline: Deadline,
    ) -> None:
        self._camera = camera
        self._viewer = viewer
        self._local = local
        self._remote = remote
        self._authentication = authentication
        self._counter = counter
        self._deadline = deadline
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._encodings: dict[int, str] = {}
        self._bases: tuple[str, ...] = ()
        """The stream's addresses in the camera's description."""
        self._playing = False

    async def run(self, begun: bytes) -> None:
        """Forwards until the viewer disconnects. begun: the bytes that the viewer has sent already. Raises a
        ClearglassError when the camera refuses, redirects, ends the stream or sends invalid messages, and ViewerError.
        """
        await first_of(self._from_viewer(begun), self._from_camera())

    async def _from_viewer(self, begun: bytes) -> None:
        reader, data = RtspReader(), begun
        while data:
            for item in reader.feed(data):
                if isinstance(item, Block):
                    await self._camera.send(item.data)
                elif item.status is None:
                    await self._ask(item)
                else:
                    await self._camera.send(item.only(_PASSED_HEADERS).encoded())
            data = await self._viewer.receive()

    async def _ask(self, request: RtspMessage) -> None:
        if len(self._asked) >= _MOST_PENDING:
            raise CameraStreamError("The camera leaves requests without answers.", remedy="Restart the camera.")
        uri = self._at_camera(request)
        self._number += 1
        self._asked[self._number] = _Asked(request=request, number=request.header("cseq"))
        login = self._authentication.header(request.method, uri)
        sent = request.only(_PASSED_HEADERS).changed(uri=uri, cseq=str(self._number), authorization=login)
        await self._camera.send(sent.encoded())

    def _at_camera(self, request: RtspMessage) -> str:
        """The camera's own address for the viewer's. Raises ViewerError for any other than this stream's. The request
        will carry the login: so a captured viewer can only do what a viewer of the stream does.
        """
        uri, path = request.uri, self._remote.path
        known = any(_lies_under(uri, base) for base in (self._local, *self._bases))
        transport = request.header("transport")
        if request.method not in _METHODS or not known or (transport and not _INTERLEAVED.fullmatch(transport)):
            raise ViewerError
        if not uri.startswith(self._local):
            return uri
        rest = uri.removeprefix(self._local)
        return f"{self._remote}{path.removesuffix('/') if rest.startswith('/') else path}{rest}"

    async def _from_camera(self) -> None:
        reader = RtspReader()
        while data := await self._camera.receive():
            self._deadline.heard()
            received, passed = self._counter.received, []
            for item in reader.feed(data):
                if isinstance(item, Block):
                    passed += self._counted(item)
                elif (answer := await self._answered(item)) is not None:
                    passed.append(answer)
            if self._counter.received > received:
                self._deadline.arrived()
            if passed:
                await self._viewer.pass_on(b"".join(passed), self._deadline)
        raise CameraStreamError(
            f"{self._remote} ended the stream." if self._playing else f"{self._remote} closed the connection.",
            remedy="Check the camera's power, and whether it allows another viewer.",
        )

    def _counted(self, block: Block) -> list[bytes]:
        """A packet, and before it a loss marker where some are missing."""
        data = block.data
        if block.channel % 2 or len(data) < _FRAME + _RTP.size:
            return [data]
        version, kind, sequence, moment, source = _RTP.unpack_from(data, _FRAME)
        if version >> 6 != 2 or not self._counter.take(source, sequence):
            return [data]
        unit = loss_marker_unit(self._encodings.get(kind & 0x7F, ""))
        if unit is None:
            return [data]
        head = _RTP.pack(0x80, kind & 0x7F, (sequence - 1) & 0xFFFF, moment, source)
        return [struct.pack(">BBH", 0x24, block.channel, len(head) + len(unit)) + head + unit, data]

    async def _answered(self, message: RtspMessage) -> bytes | None:
        """The message for the viewer, from one of the camera's; None for one that is handled here."""
        if message.status is None:
            if message.method == "REDIRECT":
                raise redirected(self._remote, message.header("location"))
            return message.encoded()
        number = message.header("cseq").strip()
        known = number.isascii() and number.isdigit() and len(number) < 10
        asked = self._asked.pop(int(number), None) if known else None
        if asked is None:
            return None
        if message.status == 401 and self._authentication.challenged(message.all("www-authenticate")):
            await self._ask(asked.request.changed(cseq=asked.number))
            return None
        self._judge(asked.request.method, message)
        return message.changed(cseq=asked.number).encoded()

    def _judge(self, method: str, answer: RtspMessage) -> None:
        """Raises a ClearglassError if the camera's answer means that there will be no stream."""
        status = answer.status or 0
        if 300 <= status < 400:
            raise redirected(self._remote, answer.header("location"))
        if status >= 400 and (method in _STARTING and not self._playing):
            raise refused_status(self._remote, status, login=self._authentication.given)
        if status < 300:
            self._authentication.succeeded()
        if method == "DESCRIBE":
            self._encodings = encodings(answer.body)
            named = (answer.header("content-base"), answer.header("content-location"), *control_addresses(answer.body))
            self._bases = tuple(base for base in named if base)
        elif method == "SETUP" and "interleaved" not in answer.header("transport").lower():
            raise refused_status(self._remote, 461, login=self._authentication.given)
        elif method == "PLAY" and status == 200:
            self._playing = True


def _lies_under(uri: str, base: str) -> bool:
    """True if an address is the base or below it; another one with the same first characters is not."""
    if not uri.startswith(base) or "/.." in uri or not uri.isprintable():
        return False
    rest = uri.removeprefix(base)
    return not rest or base.endswith("/") or rest[0] in "/?"
