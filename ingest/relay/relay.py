"""One stream of a camera, fetched from its checked address and served on loopback without its login.

A worker's FFmpeg opens `url` and reads a stream; it receives neither the camera's login nor its address. The
relay connects to the camera only while a viewer is connected to it: once for RTSP, again for HTTP when the camera
closes the connection, and once more to read a certificate that was refused.
"""

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from ingest.camera.address import parse_address
from ingest.relay.authentication import Authentication
from ingest.relay.connection import Destination, connect
from ingest.relay.deadline import Deadline
from ingest.relay.http_client import HttpClient
from ingest.relay.http_exchange import HttpExchange
from ingest.relay.login import Login
from ingest.relay.loop import RelayLoop
from ingest.relay.race import first_of
from ingest.relay.refusals import Refusals
from ingest.relay.rtp_counter import RtpCounter
from ingest.relay.rtsp_exchange import RtspExchange
from ingest.relay.viewer import Viewer, ViewerError
from ingest.stream.source import CameraLoginError, CameraStreamError
from matcher.errors import ClearglassError
from matcher.process.child_process import place_of

HOST = "127.0.0.1"
HEAD_SECONDS = 10.0
"""Seconds in which a viewer must request the stream."""

MOST_HEAD = 1 << 13
"""The most bytes of a viewer's first request, and of unread data from a viewer."""

MOST_VIEWERS = 4
"""The most simultaneous connections, including those that do not know the secret path. A worker has one."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """open_seconds: for a camera's whole answer, up to its stream's first bytes. stall_seconds: the longest time
    without media after that. snapshot_seconds: the pause between two pictures of a camera that sends one for each
    request.
    """

    open_seconds: float
    stall_seconds: float
    snapshot_seconds: float


class Relay:
    """Owns a port on loopback and the connections to it. It has one viewer at a time: a new one replaces the last. It
    runs in the thread of `loop`; its public members may be used from any thread. login: shared with the camera's other
    relays. A viewer must name a secret path, so that no other program of this machine is served.
    """

    def __init__(self, destination: Destination, *, login: Login, timing: Timing, loop: RelayLoop) -> None:
        self._destination = destination
        self._address = parse_address(destination.address)
        self._login = login
        self._timing = timing
        self._loop = loop
        self._token = secrets.token_urlsafe(16)
        self._viewers: set[asyncio.Future[None]] = set()
        self._closing = False
        self._refusals = Refusals()
        """Refusals of this stream alone: the camera accepted the login and refused the stream."""
        self._counter = RtpCounter()
        self._past = (0, 0)
        """Packets received and lost by the viewings before this one."""
        self.failure: ClearglassError | None = None
        """Why the newest viewing had no stream or ended; None once media arrives, and while the first is awaited."""
        self._server = loop.run(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """The loopback address for a viewer, which is valid for this camera while the relay runs."""
        scheme = "rtsp" if self._address.scheme in ("rtsp", "rtsps") else "http"
        return f"{scheme}://{HOST}:{self.port}/{self._token}"

    @property
    def wait(self) -> float:
        """Seconds of the pause after the camera's refusal; 0 without one."""
        return max(self._login.refusals.wait, self._refusals.wait)

    @property
    def retry_at(self) -> datetime | None:
        """The end of `wait` (UTC); None where the camera did not refuse."""
        return max(filter(None, (self._login.refusals.retry_at, self._refusals.retry_at)), default=None)

    @property
    def received(self) -> int:
        """RTP packets received."""
        return self._past[0] + self._counter.received

    @property
    def lost(self) -> int:
        """RTP packets that never arrived, by the gaps in their sequence numbers."""
        return self._past[1] + self._counter.lost

    def close(self) -> None:
        """Ends the viewing and closes the port."""
        self._loop.run(self._close())

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, HOST, 0, limit=MOST_HEAD)

    async def _close(self) -> None:
        self._closing = True
        self._server.close()
        await _end(self._viewers)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewer = Viewer(address=self._address, reader=reader, writer=writer)
        if self._closing or len(self._viewers) >= MOST_VIEWERS:
            viewer.close()
            return
        task = asyncio.ensure_future(self._meet(viewer))
        self._viewers.add(task)
        task.add_done_callback(self._viewers.discard)

    async def _meet(self, viewer: Viewer) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await viewer.reader.readuntil(b"\r\n\r\n")
            if self._is_for_us(request):
                await _end(self._viewers - {asyncio.current_task()})
                await self._view(viewer, request)
        except (OSError, EOFError, asyncio.LimitOverrunError, ViewerError):
            # The viewer has disconnected, or sent an invalid request: there is nobody to answer.
            pass
        finally:
            viewer.close()

    def _is_for_us(self, request: bytes) -> bool:
        words = request.partition(b"\r\n")[0].split(b" ")
        path = words[1].removeprefix(f"rtsp://{HOST}:{self.port}".encode()) if len(words) == 3 else b""
        return secrets.compare_digest(path.rstrip(b"/"), f"/{self._token}".encode())

    async def _view(self, viewer: Viewer, request: bytes) -> None:
        """One viewing from its first request to its end."""
        async with AsyncExitStack() as first_try:
            await first_try.enter_async_context(self._login.first_try())
            if self.wait:
                return
            self._past, self._counter = (self.received, self.lost), RtpCounter()
            deadline = Deadline(open_seconds=self._timing.open_seconds, stall_seconds=self._timing.stall_seconds)
            authentication = Authentication(self._login.credentials)
            try:
                await first_of(
                    self._fetch(viewer, request, authentication, deadline),
                    deadline.expire(self._address),
                    self._notice(deadline, authentication, first_try),
                )
            except CameraLoginError as error:
                (self._login.refusals if error.sent else self._refusals).refused()
                self.failure = error
            except ClearglassError as error:
                self.failure = error
            except ViewerError:
                raise
            except OSError:
                self.failure = CameraStreamError(
                    f"The connection to {self._address} broke.",
                    remedy="Check the camera's power and the network between here and it.",
                )
            except Exception as error:  # noqa: BLE001 - the top of a viewing; other libraries' words may hold secrets
                self.failure = CameraStreamError(
                    f"The relay of {self._address} met an error in its own code ({place_of(error)}).",
                    remedy="Report this with its place in the code.",
                )

    async def _notice(self, deadline: Deadline, authentication: Authentication, first_try: AsyncExitStack) -> None:
        """Clears failure and refusals as soon as media arrives."""
        await deadline.playing.wait()
        self.failure = None
        self._refusals.accepted()
        if authentication.given:
            self._login.accepted()
        await first_try.aclose()
        await asyncio.Event().wait()

    async def _fetch(self, viewer: Viewer, request: bytes, authentication: Authentication, deadline: Deadline) -> None:
        if self._address.scheme not in ("rtsp", "rtsps"):
            exchange = HttpExchange(
                camera=HttpClient(self._destination, authentication, deadline),
                viewer=viewer,
                remote=self._address,
                deadline=deadline,
                snapshot_seconds=self._timing.snapshot_seconds,
            )
            await exchange.run()
            return
        camera = await connect(self._destination, deadline)
        try:
            session = RtspExchange(
                camera=camera,
                viewer=viewer,
                local=self.url,
                remote=self._address,
                authentication=authentication,
                counter=self._counter,
                deadline=deadline,
            )
            await session.run(request)
        finally:
            camera.close()


async def _end(tasks: Iterable[asyncio.Future[None]]) -> None:
    ended = list(tasks)
    for task in ended:
        task.cancel()
    await asyncio.gather(*ended, return_exceptions=True)
