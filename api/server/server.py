"""The HTTP server under the service: uvicorn in the main thread, or beside it for the demo and tests."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import uvicorn

from api.app import create_app
from api.server.command_socket import listening
from api.server.connection_limits import ConnectionLimits
from api.server.reception import Reception
from api.server.tls import Tls, require_encryption
from api.settings import ApiSettings
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

    from api.connection_metrics import Ended
    from api.service import Service
    from matcher.tlog.witness import Witness

START_SECONDS = 20.0
STOP_SECONDS = 5


class AddressInUseError(ClearglassError):
    """The service could not listen at the address."""

    code: ClassVar[str] = "address_in_use"


class Server(uvicorn.Server):
    """Uvicorn with limits on connections. on_stop is called before it waits for answers to end."""

    def __init__(
        self,
        app: "ASGIApp",
        settings: ApiSettings,
        *,
        tls: Tls | None = None,
        on_ended: "Callable[[Ended], None]" = lambda _: None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(_config(app, proxies=settings.trusted_proxies))
        self._limits = ConnectionLimits.of(settings)
        self._tls = None if tls is None else tls.context()
        self._on_ended = on_ended
        self._on_stop = on_stop
        self._receptions: list[Reception] = []

    @property
    def scheme(self) -> str:
        """The scheme of its addresses: http or https."""
        return "http" if self._tls is None else "https"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts connections from sockets that listen already."""
        self._receptions = [
            Reception(
                listener,
                self.config,
                self.server_state,
                self._limits,
                tls=None if listener.family == socket.AF_UNIX else self._tls,
                on_ended=self._on_ended,
            )
            for listener in sockets or []
        ]
        self.servers = cast("list[asyncio.Server]", self._receptions)  # uvicorn itself only closes them
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: checks that the listeners still accept connections, and whether to stop."""
        for reception in self._receptions:
            reception.require_accepting()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes event streams first. Otherwise the shutdown would wait for its whole timeout."""
        self._on_stop()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises: AddressInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio switches TCP's delays off only for connections that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)  # from now on no client is refused, even before the server accepts it
    except OSError as error:
        listener.close()
        raise AddressInUseError(
            f"Cannot listen on {host} port {port}: {error.strerror}.", remedy="Choose another with --host and --port."
        ) from error
    return listener


def _server(service: "Service", *, host: str = "", tls: Tls | None = None) -> Server:
    return Server(
        create_app(service, host=host),
        service.settings,
        tls=tls,
        on_ended=service.connection_metrics.ended,
        on_stop=service.events.close,
    )


def require_free(host: str, port: int) -> None:
    """Raises: AddressInUseError if the service could not listen there, so that a command finds out before long work."""
    listen(host, port).close()


def _config(app: "ASGIApp", *, proxies: str | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,  # the audit log has the actors; an access log would be a second, unsigned record
        log_level="warning",
        server_header=False,
        # By default any program on this machine could forge a request's origin.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or "",
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
        ws="none",
    )


def serve_forever(
    service: "Service",
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    tls: Tls | None = None,
    plain_http: bool = False,
) -> None:
    """Takes the address, starts the service, announces it, and serves until SIGINT or SIGTERM.

    plain_http: serves other machines without TLS even if no proxy is trusted.
    Raises: AddressInUseError, PlainHttpError, TlsError, before any camera is started.
    """
    with listen(host, port) as listener, listening(service.matcher.settings.folder) as commands:
        proxied = bool(service.settings.trusted_proxies)
        require_encryption(listener.getsockname()[0], tls=tls, proxied=proxied, plain=plain_http)

        def ready(address: str) -> None:
            service.start()
            announce(address)

        _run(_server(service, host=host, tls=tls), [listener, commands], host, ready)


def serve_witness(
    witness: "Witness",
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    tls: Tls | None = None,
    plain_http: bool = False,
) -> None:
    """Takes the address, announces it, and cosigns logs until SIGINT or SIGTERM.

    Raises: AddressInUseError, PlainHttpError, TlsError.
    """
    from api.witness import create_witness_app

    settings = ApiSettings()
    with listen(host, port) as listener:
        proxied = bool(settings.trusted_proxies)
        require_encryption(listener.getsockname()[0], tls=tls, proxied=proxied, plain=plain_http)
        app = create_witness_app(witness, hosts=[host, *settings.allowed_hosts.split(",")])
        _run(Server(app, settings, tls=tls), [listener], host, announce)


def _run(server: Server, listeners: list[socket.socket], host: str, ready: Callable[[str], None]) -> None:
    """Announces the address of the first of the listeners."""

    def end(*_: object) -> None:
        server.should_exit = True

    # Uvicorn raises the signal again once it has shut down: by default that would end the process before all is closed.
    signal.signal(signal.SIGTERM, end)
    ready(_address(server, listeners[0], host))
    server.run(sockets=listeners)


def _address(server: Server, listener: socket.socket, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{server.scheme}://{name}:{listener.getsockname()[1]}"


@contextmanager
def serving(service: "Service", *, host: str, port: int, tls: Tls | None = None) -> Iterator[str]:
    """Serves in a thread while the block runs; gives the address. Raises: AddressInUseError, TlsError."""
    with listen(host, port) as listener, listening(service.matcher.settings.folder) as commands:
        server = _server(service, host=host, tls=tls)
        with _running(server, [listener, commands]):
            yield _address(server, listener, host)


@contextmanager
def serving_commands(service: "Service", folder: Path) -> Iterator[None]:
    """Serves one command, by a Unix socket in this folder, while the block runs. Raises: CommandSocketError."""
    with listening(folder) as commands, _running(_server(service), [commands]):
        yield


@contextmanager
def _running(server: Server, listeners: list[socket.socket]) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": listeners}, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS * 2)
