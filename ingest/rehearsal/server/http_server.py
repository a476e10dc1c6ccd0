"""A real HTTP server on loopback that serves what cameras serve, in threads of this process."""

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server.arrivals import Arrivals
from ingest.rehearsal.server.certificate import ServerCertificate
from ingest.rehearsal.server.guard import Guard
from ingest.rehearsal.server.http_viewer import HttpViewer
from ingest.rehearsal.server.request import Request
from ingest.rehearsal.server.show import Show
from ingest.rehearsal.server.trouble import Trouble


class HttpServer:
    """Serves a film or pictures as an HTTP camera does. Paths:

    /mjpg: multipart MJPEG. /raw.mjpg: JPEGs one after the other. /snap.jpg, /cgi-bin/snapshot.cgi: one JPEG, of now.
    /ts, /flv, /mp4: the film at its own pace in MPEG-TS, FLV or fragmented MP4, endless. /list.m3u8: an HLS playlist.
    /page: HTML. /empty: 200 without a body. /busy: 503. Everything else, such as /missing: 404.

    film: an MP4 of H.264. pictures: JPEG files, shown `fps` a second; one of the two is needed. port: 0 takes a free
    one and keeps it for restarts. login: (user name, password) asked of every viewer, by Digest with MD5 unless the
    address says otherwise. tls: speaks HTTPS by this certificate. The query of an address asks for trouble: see
    `trouble.Trouble`. Use as a context manager, or `start` and `stop`, which ends every connection and thread.
    """

    def __init__(
        self,
        film: Path | None = None,
        *,
        pictures: Sequence[bytes] = (),
        fps: float = 10.0,
        host: str = "127.0.0.1",
        port: int = 0,
        login: tuple[str, str] | None = None,
        tls: ServerCertificate | None = None,
    ) -> None:
        self._film = film
        self._pictures = pictures
        self._fps = fps
        self._host = host
        self._port = port
        self._login = login
        self._tls = tls
        self._requests: list[Request] = []
        self._arrivals = Arrivals()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port served on; 0 before the first start when it was left open."""
        return self._port

    def url(self, path: str, query: str = "") -> str:
        """A path's address, without the login. query: the trouble asked for, such as "slow=2&auth=basic"."""
        scheme = "http" if self._tls is None else "https"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}/{path.removeprefix('/')}{query and '?'}{query}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request since the first start, oldest first; each is here before it is answered."""
        return tuple(self._requests)

    @property
    def connections(self) -> int:
        """How many connections were made since the first start; those that broke off during TLS are among them."""
        return self._arrivals.count((self._host, self._port) if self._server else None)

    def start(self) -> None:
        """Returns when viewers can connect. RehearsalError: nothing to show, or the port is taken."""
        if self._server is not None:
            return
        if not self._pictures and (self._film is None or not self._film.is_file()):
            raise RehearsalError("There is nothing to show.", remedy="Give the server a film or pictures.")
        show = Show(self._film, self._pictures, fps=self._fps)
        tls = None if self._tls is None else self._tls.context()
        try:
            self._server = _Server((self._host, self._port), self._requests, self._arrivals, show, self._login, tls)
        except OSError as error:
            raise RehearsalError(
                f"The HTTP server did not start on {self._host}:{self._port}: {error.strerror}.",
                remedy="Choose another port, or 0 for a free one.",
            ) from None
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http-server")
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection, and waits for the threads. May be called twice."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        self._thread.join()
        server.end_viewers()
        server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    """Accepts connections; each has a thread with an `HttpViewer`."""

    daemon_threads = False
    """So that closing waits for the threads."""

    def __init__(
        self,
        place: tuple[str, int],
        requests: list[Request],
        arrivals: Arrivals,
        show: Show,
        login: tuple[str, str] | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self.show = show
        self.ended = threading.Event()
        self._requests = requests
        self._arrivals = arrivals
        self._login = login
        self._tls = tls
        self._lock = threading.Lock()
        self._guards: dict[tuple[str, bool, bool], Guard] = {}
        self._open: set[socket.socket] = set()
        super().__init__(place, type("Viewer", (HttpViewer,), {"studio": self}))

    def note(self, request: Request) -> None:
        """Keeps a request."""
        self._requests.append(request)

    def challenges(self, chosen: Trouble, request: Request) -> list[str] | None:
        """Asks for the login as the trouble has it; viewers who are asked in the same way share nonces."""
        if self._login is None and chosen.auth:
            raise RehearsalError("This server has no login to ask for.", remedy="Leave auth out of the address.")
        if self._login is None:
            return None
        kind = (chosen.auth, chosen.qop, chosen.stale)
        with self._lock:
            if kind not in self._guards:
                self._guards[kind] = Guard(self._login, scheme=chosen.auth, qop=chosen.qop, stale=chosen.stale)
            authorization = request.headers.get("authorization", "")
            return self._guards[kind].refusal(authorization, method=request.method, uri=request.uri)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts a connection. It is counted before TLS begins, so that one that breaks off there is counted too."""
        connection, place = super().get_request()
        self._arrivals.add(place[1])
        return connection, place

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Runs in the connection's own thread."""
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(request)
        if self.ended.is_set():
            _break_off(request)
        super().process_request_thread(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speaks with the viewer until the connection ends."""
        if self._tls is not None:
            request.do_handshake()
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer that leaves in the middle is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def end_viewers(self) -> None:
        """Breaks every connection off, so that its thread ends."""
        self.ended.set()
        with self._lock:
            for connection in self._open:
                _break_off(connection)


def _break_off(connection: socket.socket) -> None:
    # Not SSLSocket's own method, which takes the TLS state away from the thread that uses it.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
