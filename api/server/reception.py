"""Accepts connections up to a limit in total and for one client; beyond it the one that has waited longest is closed.
Uvicorn would accept as many as there are file descriptors, and does not count those in their TLS handshake.
"""

import asyncio
import errno
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_network
from typing import TYPE_CHECKING, Final

from api.connection_metrics import Ended
from api.server.connection import Connection

if TYPE_CHECKING:
    import uvicorn
    from uvicorn.server import ServerState

    from api.server.connection_limits import ConnectionLimits

_PAUSE_SECONDS: Final = 0.1
_GOODBYE_SECONDS: Final = 2.0
"""Seconds that TLS waits for the other side to close too."""
_OTHER_FILES: Final = 160
"""File descriptors reserved for the rest of the service: database, cameras' pipes and relays, decoders."""
_LEAST: Final = 16


class Reception:
    """The connections of one listening socket. Belongs to the event loop that it is made in."""

    def __init__(
        self,
        listener: socket.socket,
        config: "uvicorn.Config",
        state: "ServerState",
        limits: "ConnectionLimits",
        *,
        tls: ssl.SSLContext | None = None,
        on_ended: Callable[[Ended], None],
    ) -> None:
        self._listener = listener
        self._config = config
        self._state = state
        self._limits = limits
        self._tls = tls
        self._on_ended = on_ended
        self._most = min(limits.connections, max(_LEAST, _most_files() - _OTHER_FILES))
        self._clients: dict[Connection, str] = {}
        self._of: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        listener.setblocking(False)
        self._accepting = asyncio.ensure_future(self._accept())

    def close(self) -> None:
        """Accepts no more connections. Existing ones continue."""
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        """Waits until no more are accepted."""
        await asyncio.wait([self._accepting])

    def require_accepting(self) -> None:
        """Raises the error that ended the accepting of connections, if there was one: a service that accepts none must
        end."""
        if self._accepting.done() and not self._accepting.cancelled():
            self._accepting.result()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._listener)
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE}:
                    self._make_room(self._clients)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            try:
                # A Unix socket has no address: all its clients are on this machine, and count as one.
                self._take_up(accepted, address[0].removeprefix("::ffff:") if address else "")
            except BaseException:
                accepted.close()
                raise
            await asyncio.sleep(0)  # otherwise waiting connections would let no other task run

    def _take_up(self, accepted: socket.socket, address: str) -> None:
        client = network_of(address)
        crowd = self._of.get(client, {})
        if len(crowd) >= self._limits.connections_per_client and address not in self._limits.proxies:
            room = self._make_room(crowd)
        else:
            room = len(self._clients) < self._most or self._make_room(self._clients)
        if not room:
            self._on_ended(Ended.FULL)
            accepted.close()
            return
        connection = Connection(self._config, self._state, self._limits, on_ended=self._on_ended, on_gone=self._let_go)
        self._clients[connection] = client
        self._of[client][connection] = None
        connection.opening = asyncio.ensure_future(self._open(connection, accepted))

    async def _open(self, connection: Connection, accepted: socket.socket) -> None:
        seconds = None if self._tls is None else self._limits.head_seconds
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=None if self._tls is None else _GOODBYE_SECONDS,
            )
        except OSError:  # the client has disconnected, or the TLS handshake failed; asyncio has closed the socket
            pass
        finally:
            connection.opening = None
            if connection.transport is None:
                self._let_go(connection)

    def _make_room(self, crowd: Iterable[Connection]) -> bool:
        """Closes the oldest connection without a request, else the oldest whose request is not whole; False if there is
        neither: a connection whose request is being processed is not closed for others."""
        longest = next((one for one in crowd if one.awaits_head), None)
        if longest is None:
            longest = next((one for one in crowd if one.awaits_body), None)
        if longest is None:
            return False
        self._let_go(longest)
        longest.give_way()
        return True

    def _let_go(self, connection: Connection) -> None:
        client = self._clients.pop(connection, None)
        if client is not None:
            del self._of[client][connection]
            if not self._of[client]:
                del self._of[client]


def network_of(address: str) -> str:
    """The key of a client: an IPv4 address, or the /64 network of an IPv6 machine."""
    if ":" not in address:
        return address
    return str(ip_network((int(IPv6Address(address)), 64), strict=False))


def _most_files() -> int:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 1 << 20
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
