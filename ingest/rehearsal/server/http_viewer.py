"""One connection to the HTTP server, and the trouble made for it."""

import functools
import itertools
import math
import threading
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server import trouble
from ingest.rehearsal.server.jpeg import vast_jpeg, with_thumbnail
from ingest.rehearsal.server.motion_jpeg import MotionJpeg
from ingest.rehearsal.server.request import Request
from ingest.rehearsal.server.show import Piece, Show
from ingest.rehearsal.server.trouble import Trouble

_PLAYLIST = (
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n/ts\n#EXT-X-ENDLIST\n"
)
_PAGE = "<!doctype html><html><head><title>Camera</title></head><body><form>Please log in.</form></body></html>\n"

_FILMS = {"/ts": ("mpegts", "video/mp2t"), "/flv": ("flv", "video/x-flv"), "/mp4": ("mp4", "video/mp4")}
_SNAPSHOTS = ("/snap.jpg", "/cgi-bin/snapshot.cgi")
_TEXTS = {
    "/list.m3u8": (200, "application/vnd.apple.mpegurl", _PLAYLIST),
    "/page": (200, "text/html", _PAGE),
    "/empty": (200, "image/jpeg", ""),
    "/busy": (503, "text/plain", "Too many viewers.\n"),
}
"""Path to status, content type and body."""


_NONE = Trouble()


class Studio(Protocol):
    """The server as its viewers use it; threads share it."""

    show: Show
    ended: threading.Event
    """Set when the server stops: all waiting ends."""

    def note(self, request: Request) -> None:
        """Keeps a request."""

    def challenges(self, chosen: Trouble, request: Request) -> list[str] | None:
        """The WWW-Authenticate values of a 401; None: let in. RehearsalError: there is no login to ask for."""


class HttpViewer(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1; the connection stays open after answers that have a length."""

    protocol_version = "HTTP/1.1"
    studio: Studio
    """Set in a subclass by the server, since socketserver makes the viewers."""

    def do_GET(self) -> None:
        """Answers with the content of the path, or with the trouble that the query asks for."""
        request = Request(
            method="GET", uri=self.path, headers={name.lower(): value for name, value in self.headers.items()}
        )
        self.studio.note(request)
        try:
            chosen = Trouble.of(self.path, trouble.Protocol.HTTP)
            if not self._refused(chosen, request):
                self._give(request.path, chosen)
        except RehearsalError as error:
            self._answer(400, "text/plain", f"{error}\n".encode())

    def _refused(self, chosen: Trouble, request: Request) -> bool:
        """True if the request needs no further answer, because trouble took the place of the content."""
        if chosen.silent:
            self._wait_for_goodbye()
            return True
        self.studio.ended.wait(chosen.slow)
        elsewhere = [("Location", chosen.redirect)] if chosen.redirect else []
        if elsewhere and not chosen.redirect_after:
            self._answer(302, "text/plain", b"", elsewhere)
        elif challenges := self.studio.challenges(chosen, request):
            self._answer(401, "text/plain", b"", [("WWW-Authenticate", value) for value in challenges])
        elif elsewhere or chosen.status:
            self._answer(302 if elsewhere else chosen.status, "text/plain", b"", elsewhere)
        elif chosen.huge_head:
            self._write_head_without_end()
        else:
            return False
        return True

    def _give(self, path: str, chosen: Trouble) -> None:
        if path == "/mjpg":
            writer = MotionJpeg(chosen.v)
            parts = ((moment, writer.part(jpeg)) for moment, jpeg in self._pictures(chosen))
            self._stream(writer.content_type, parts, chosen)
        elif path == "/raw.mjpg":
            self._stream("video/x-motion-jpeg", self._pictures(chosen), chosen)
        elif path in _FILMS:
            container, kind = _FILMS[path]
            self._stream(kind, self.studio.show.film(container), chosen)
        elif path in _SNAPSHOTS:
            self._answer(200, "image/jpeg", _dressed(self.studio.show.picture(), chosen), chosen=chosen)
        else:
            status, kind, text = _TEXTS.get(path, (404, "text/plain", "There is nothing here.\n"))
            self._answer(status, kind, text.encode())

    def _pictures(self, chosen: Trouble) -> Iterator[Piece]:
        for moment, jpeg in self.studio.show.pictures():
            yield moment, _dressed(jpeg, chosen)

    def _answer(
        self,
        status: int,
        kind: str,
        body: bytes,
        headers: Iterable[tuple[str, str]] = (),
        *,
        chosen: Trouble = _NONE,
    ) -> None:
        """An answer with a length. With `die` or `stall` its second half is not sent."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if chosen.die or chosen.stall:
            self._send([(0.0, body[: len(body) // 2]), (math.inf, b"")], chosen)
        else:
            self.wfile.write(body)

    def _stream(self, kind: str, pieces: Iterable[Piece], chosen: Trouble) -> None:
        """An answer without a length, which ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        self._send(pieces, chosen)

    def _send(self, pieces: Iterable[Piece], chosen: Trouble) -> None:
        """Sends each piece at its time, until `die` or `stall` seconds are over."""
        self.close_connection = True
        began = time.monotonic()
        last = min(chosen.die or math.inf, chosen.stall or math.inf)
        for moment, piece in pieces:
            if self.studio.ended.wait(max(began + min(moment, last) - time.monotonic(), 0.0)):
                return
            if moment >= last:
                break
            self.wfile.write(piece)
        if chosen.stall == last:
            self._wait_for_goodbye()

    def _wait_for_goodbye(self) -> None:
        """Reads until the viewer closes the connection, or the server ends."""
        self.close_connection = True
        while self.rfile.read(1):
            pass

    def _write_head_without_end(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in itertools.count():
            self.wfile.write(f"X-Filler-{number}: {'x' * 1000}\r\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing is written to standard error."""


def _dressed(jpeg: bytes, chosen: Trouble) -> bytes:
    """The picture, changed by the trouble."""
    if chosen.big:
        return _vast()
    return with_thumbnail(jpeg, _thumbnail()) if chosen.v == "nestedthumb" else jpeg


@functools.cache
def _vast() -> bytes:
    return vast_jpeg()


@functools.cache
def _thumbnail() -> bytes:
    import numpy as np

    from matcher.recognition.image import encode_jpeg

    return encode_jpeg(np.full((120, 160, 3), 128, np.uint8))
