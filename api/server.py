"""The HTTP server under the service: uvicorn in the main thread, or beside it for the demo and tests."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from api.app import create_app
from matcher.errors import ClearglassError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from api.service import Service
    from matcher.audit.witness import Witness

START_SECONDS = 20.0
STOP_SECONDS = 5


class AddressInUseError(ClearglassError):
    """The service could not listen where it was told to."""

    code: ClassVar[str] = "address_in_use"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio switches TCP's delays off only for connections that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # from now on nobody is refused, even before the server takes them up
    except OSError as error:
        listener.close()
        raise AddressInUseError(
            f"Cannot listen on {host} port {port}: {error.strerror}.", remedy="Choose another with --host and --port."
        ) from error
    return listener


def require_free(host: str, port: int) -> None:
    """Raises: AddressInUseError if the service could not listen there: better before long work than after it."""
    _listen(host, port).close()


def _server(service: "Service") -> "uvicorn.Server":
    import uvicorn

    config = _config(create_app(service), proxies=service.settings.trusted_proxies)

    class _Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            service.events.close()  # else the endless answers would hold the server up to the last second
            await super().shutdown(sockets)

    return _Server(config)


def _config(app: "ASGIApp", *, proxies: str | None = None) -> "uvicorn.Config":
    import uvicorn

    return uvicorn.Config(
        app,
        access_log=False,  # the audit log says who asked; an access log would keep a second, unsigned record
        log_level="warning",
        server_header=False,
        # By default any program on this machine would be believed about where a request comes from.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or "",
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
    )


def serve_forever(service: "Service", *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Takes the address, starts the service, announces it, and serves until SIGINT or SIGTERM.

    Raises: AddressInUseError, before any camera is started.
    """
    with _listen(host, port) as listener:

        def ready(address: str) -> None:
            service.start()
            announce(address)

        _run(_server(service), listener, host, ready)


def serve_witness(witness: "Witness", *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Takes the address, announces it, and answers logs until SIGINT or SIGTERM. Raises: AddressInUseError."""
    import uvicorn

    from api.witness import create_witness_app

    with _listen(host, port) as listener:
        _run(uvicorn.Server(_config(create_witness_app(witness))), listener, host, announce)


def _run(server: "uvicorn.Server", listener: socket.socket, host: str, ready: Callable[[str], None]) -> None:
    def end(*_: object) -> None:
        server.should_exit = True

    # Uvicorn raises the signal anew once it has shut down: by default that would end us before all is closed.
    signal.signal(signal.SIGTERM, end)
    ready(f"http://{host}:{listener.getsockname()[1]}")
    server.run(sockets=[listener])


@contextmanager
def serving(service: "Service", *, host: str, port: int) -> Iterator[str]:
    """Serves in a thread while the block runs; gives the address. Raises: AddressInUseError."""
    with _listen(host, port) as listener:
        server = _server(service)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS * 2)
