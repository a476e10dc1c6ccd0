"""GET requests to a camera, one after the other, over one connection for as long as the camera keeps it."""

import contextlib
from collections.abc import AsyncIterator

import h11

from ingest.relay.authentication import Authentication
from ingest.relay.connection import Connection, Destination, connect
from ingest.relay.deadline import Deadline
from ingest.relay.refusal import redirected, refused_status
from ingest.stream.source import CameraStreamError

MAX_HEAD = 1 << 16
"""The most bytes of an answer's head."""

MAX_REFUSAL = 1 << 20
"""The most bytes of a refusal's body that are skipped so that its connection can be used again."""


class HttpClient:
    """Sends requests for one address. Owned by one task, which closes it."""

    def __init__(self, destination: Destination, authentication: Authentication, deadline: Deadline) -> None:
        self._destination = destination
        self._authentication = authentication
        self._deadline = deadline
        self._connection: Connection | None = None
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)

    async def get(self) -> str:
        """Sends a request, with the login if the camera asks for one; returns the answer's media type, without
        parameters, lower case. Its body is to be read from `body`.

        Raises what `connect` raises, and a ClearglassError when the camera refuses or sends its viewers elsewhere.
        """
        while True:
            answer = await self._asked()
            headers = [(name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in answer.headers]
            challenges = [value for name, value in headers if name == "www-authenticate"]
            if answer.status_code == 401 and self._authentication.challenged(challenges):
                await self._pass_over_body(dict(headers))
                continue
            self._judge(answer.status_code, dict(headers))
            self._authentication.succeeded()
            return dict(headers).get("content-type", "").partition(";")[0].strip().lower()

    async def body(self) -> AsyncIterator[bytes]:
        """The bytes of the body, up to its end; small chunks that arrived together are joined."""
        pieces: list[bytes] = []
        while True:
            event = self._ready_event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
                continue
            if pieces:
                yield b"".join(pieces)
                pieces = []
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return
            if event is None:
                await self._receive()

    def close(self) -> None:
        """Drops the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _asked(self) -> h11.Response:
        reused = self._ready()
        if not reused:
            await self._connect()
        try:
            return await self._exchange()
        except (CameraStreamError, OSError):
            if not reused:
                raise
            # The camera closed a connection that it had promised to keep.
            await self._connect()
            return await self._exchange()

    def _ready(self) -> bool:
        """True if the connection can carry another request."""
        if self._connection is None or self._connection.reader.at_eof():
            return False
        with contextlib.suppress(h11.ProtocolError):
            self._protocol.start_next_cycle()
            return True
        return False

    async def _connect(self) -> None:
        self.close()
        self._connection = await connect(self._destination, self._deadline)
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)

    async def _exchange(self) -> h11.Response:
        assert self._connection is not None  # noqa: S101 - `_asked` has connected
        address = self._connection.address
        headers = [("Host", address.host_and_port), ("User-Agent", "Clearglass"), ("Accept", "*/*")]
        login = self._authentication.header("GET", address.path)
        if login is not None:
            headers.append(("Authorization", login))
        sent = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        request = h11.Request(method="GET", target=address.path.encode(), headers=sent)
        await self._connection.send(self._protocol.send(request) + self._protocol.send(h11.EndOfMessage()))
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise CameraStreamError(
                    f"{address} closed the connection without an answer.",
                    remedy="Check the port, and whether the camera allows another viewer.",
                )

    async def _event(self) -> h11.Event:
        while (event := self._ready_event()) is None:
            await self._receive()
        return event

    def _ready_event(self) -> h11.Event | None:
        """The next event of the bytes received; None if more bytes are needed."""
        try:
            event = self._protocol.next_event()
        except h11.RemoteProtocolError:
            raise self._senseless() from None
        return event if isinstance(event, h11.Event) else None

    async def _receive(self) -> None:
        assert self._connection is not None  # noqa: S101 - `_asked` has connected
        data = await self._connection.receive()
        if data:
            self._deadline.heard()
        try:
            self._protocol.receive_data(data)
        except h11.RemoteProtocolError:
            raise self._senseless() from None

    def _senseless(self) -> CameraStreamError:
        assert self._connection is not None  # noqa: S101 - `_asked` has connected
        return CameraStreamError(
            f"What {self._connection.address} sends is no HTTP.", remedy="Check the address's scheme and port."
        )

    async def _pass_over_body(self, headers: dict[str, str]) -> None:
        """Skips the body of a known length, so that the connection can be used again."""
        if not {"content-length", "transfer-encoding"} & headers.keys():
            self.close()
            return
        size = 0
        async for data in self.body():
            size += len(data)
            if size > MAX_REFUSAL:
                self.close()
                return

    def _judge(self, status: int, headers: dict[str, str]) -> None:
        assert self._connection is not None  # noqa: S101 - `_asked` has connected
        address = self._connection.address
        if 300 <= status < 400:
            raise redirected(address, headers.get("location", ""))
        if status != 200:
            raise refused_status(address, status, login=self._authentication.given)
