"""One stream of a camera, fetched from its checked address and served on loopback without its login.

A worker's FFmpeg opens `url` and reads a stream; it learns neither the camera's login nor how to reach the camera. Each
time it does, the relay connects to the camera: once for each viewing, and never by itself.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.address import parse_address
from ingest.relay.authentication import Authentication
from ingest.relay.connection import CHUNK, Connection, Destination, connect
from ingest.relay.deadline import Deadline
from ingest.relay.http_client import HttpClient
from ingest.relay.http_exchange import HttpExchange
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.race import first_of
from ingest.relay.rtp_counter import RtpCounter
from ingest.relay.rtsp_exchange import RtspExchange
from ingest.source import CameraLoginError, CameraStreamError
from matcher.errors import ClearglassError

HOST = "127.0.0.1"
HEAD_SECONDS = 10.0
"""How long a viewer may take to ask for the stream: one that knows the address does so at once."""

NOTICE_SECONDS = 0.2
"""How often a new viewing is looked at for its first media."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """open_seconds: for a camera's whole answer, up to its stream's first bytes. stall_seconds: without media then.

    snapshot_seconds: the pause between two pictures of a camera that gives one for each request.
    """

    open_seconds: float
    stall_seconds: float
    snapshot_seconds: float


class Relay:
    """Owns a port on loopback and what is connected to it. One viewer at a time: a new one takes the place of the last.

    Works in the thread of `loop`; everything public may be called and read from any thread. login: shared with the
    camera's other relays. A viewer must name a secret path, so that no other program of this machine is served.
    """

    def __init__(self, destination: Destination, *, login: Login, timing: Timing, loop: RelayLoop) -> None:
        self._destination = destination
        self._address = parse_address(destination.address)
        self._login = login
        self._timing = timing
        self._loop = loop
        self._token = secrets.token_urlsafe(16)
        self._viewers: set[asyncio.Future[None]] = set()
        self._deadline: Deadline | None = None
        self._counter = RtpCounter()
        self._past = (0, 0)
        """Packets received and lost by the viewings before this one."""
        self.failure: ClearglassError | None = None
        """Why the newest viewing brought no stream or ended; None once media comes, and while the first is awaited."""
        self._server = loop.run(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """What a viewer opens: an address of this machine that works for one camera and while the relay lives."""
        scheme = "rtsp" if self._address.scheme in ("rtsp", "rtsps") else "http"
        return f"{scheme}://{HOST}:{self.port}/{self._token}"

    @property
    def received(self) -> int:
        """RTP packets received."""
        return self._past[0] + self._counter.received

    @property
    def lost(self) -> int:
        """RTP packets that the camera numbered and that never came."""
        return self._past[1] + self._counter.lost

    @property
    def longest_gap(self) -> float:
        """Seconds between two arrivals of media in the newest viewing."""
        return 0.0 if self._deadline is None else self._deadline.longest_gap

    def close(self) -> None:
        """Ends the viewing and gives the port back."""
        self._loop.run(self._close())

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, HOST, 0, limit=CHUNK)

    async def _close(self) -> None:
        self._server.close()
        await _end(self._viewers)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._meet(Connection(address=self._address, reader=reader, writer=writer)))
        self._viewers.add(task)
        task.add_done_callback(self._viewers.discard)

    async def _meet(self, viewer: Connection) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await viewer.reader.readuntil(b"\r\n\r\n")
            if self._is_for_us(request):
                await _end(self._viewers - {asyncio.current_task()})
                await self._view(viewer, request)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            # The viewer has gone, or speaks no sense: nobody is left to be told.
            pass
        finally:
            viewer.close()

    def _is_for_us(self, request: bytes) -> bool:
        words = request.partition(b"\r\n")[0].split(b" ")
        path = words[1].removeprefix(f"rtsp://{HOST}:{self.port}".encode()) if len(words) == 3 else b""
        return secrets.compare_digest(path.rstrip(b"/"), f"/{self._token}".encode())

    async def _view(self, viewer: Connection, request: bytes) -> None:
        """One viewing from its first request to its end."""
        if self._login.wait:
            return
        self._past, self._counter = (self.received, self.lost), RtpCounter()
        self._deadline = deadline = Deadline(
            open_seconds=self._timing.open_seconds, stall_seconds=self._timing.stall_seconds
        )
        fetch = self._fetch_rtsp if self.url.startswith("rtsp") else self._fetch_http
        try:
            await first_of(fetch(viewer, request, deadline), deadline.expire(self._address), self._notice(deadline))
        except CameraLoginError as error:
            self._login.refused()
            self.failure = error
        except ClearglassError as error:
            self.failure = error
        except OSError:
            self.failure = CameraStreamError(
                f"The connection to {self._address} broke.",
                remedy="Check the camera's power and the network between here and it.",
            )

    async def _notice(self, deadline: Deadline) -> None:
        """Takes the failure back as soon as media comes."""
        while deadline.newest is None:
            await asyncio.sleep(NOTICE_SECONDS)
        self.failure = None
        self._login.accepted()
        await asyncio.Event().wait()

    async def _fetch_rtsp(self, viewer: Connection, request: bytes, deadline: Deadline) -> None:
        camera = await connect(self._destination)
        deadline.connected()
        try:
            exchange = RtspExchange(
                camera=camera,
                viewer=viewer,
                local=self.url,
                remote=self._address,
                authentication=Authentication(self._login.credentials),
                counter=self._counter,
                deadline=deadline,
            )
            await exchange.run(request)
        finally:
            camera.close()

    async def _fetch_http(self, viewer: Connection, _: bytes, deadline: Deadline) -> None:
        exchange = HttpExchange(
            camera=HttpClient(self._destination, self._login.credentials, deadline),
            viewer=viewer,
            remote=self._address,
            deadline=deadline,
            snapshot_seconds=self._timing.snapshot_seconds,
        )
        await exchange.run()


async def _end(tasks: Iterable[asyncio.Future[None]]) -> None:
    ended = list(tasks)
    for task in ended:
        task.cancel()
    await asyncio.gather(*ended, return_exceptions=True)
