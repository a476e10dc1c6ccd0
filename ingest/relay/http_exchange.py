"""Fetches a stream by HTTP for a worker's FFmpeg: MJPEG in any multipart form, still pictures, MPEG-TS, FLV, MP4."""

import asyncio
import re
from collections.abc import AsyncIterator

from ingest.camera.address import Address
from ingest.relay.connection import Connection
from ingest.relay.deadline import Deadline
from ingest.relay.http_client import HttpClient
from ingest.relay.jpeg_scanner import JpegScanner
from ingest.relay.race import first_of
from ingest.stream.source import CameraStreamError
from matcher.errors import ClearglassError

_BOUNDARY = "clearglass"
_JPEG = b"\xff\xd8\xff"
_SNIFFED = 4096
"""The number of first bytes by which the kind of a body is recognised."""

_PICTURES = {"image/jpeg", "image/jpg", "image/pjpeg", "video/x-motion-jpeg", "video/x-mjpeg", "video/mjpeg"}
_PLAYLISTS = {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
_MEDIA = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


class HttpExchange:
    """One viewing. Owned by one task. remote: the camera's address for people.

    snapshot_seconds: the pause between two requests to a camera that gives one picture for each.
    """

    def __init__(
        self,
        *,
        camera: HttpClient,
        viewer: Connection,
        remote: Address,
        deadline: Deadline,
        snapshot_seconds: float,
    ) -> None:
        self._camera = camera
        self._viewer = viewer
        self._remote = remote
        self._deadline = deadline
        self._snapshot_seconds = snapshot_seconds

    async def run(self) -> None:
        """Forwards the stream until the viewer disconnects. Raises a ClearglassError when the camera refuses or ends
        the stream."""
        try:
            await first_of(self._fetch(), self._viewer_gone())
        finally:
            self._camera.close()

    async def _viewer_gone(self) -> None:
        while await self._viewer.receive():
            pass

    async def _fetch(self) -> None:
        kind = await self._camera.get()
        body = self._camera.body()
        head = await _beginning(body)
        if _shows_pictures(kind, head):
            await self._pass_pictures(kind, head, body)
            return
        unfit = self._unfit(kind, head)
        if unfit is not None:
            raise unfit
        await self._answer(kind if _MEDIA.fullmatch(kind) else "application/octet-stream")
        await self._pass(head)
        async for data in body:
            await self._pass(data)
        raise self._ended()

    async def _pass_pictures(self, kind: str, head: bytes, body: AsyncIterator[bytes]) -> None:
        await self._answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        passed = await self._pass_parts(head, body)
        if passed != 1 or kind.startswith("multipart/"):
            raise self._ended() if passed else self._empty()
        while True:
            # One picture for each request: a still-picture camera.
            with self._deadline.suspended():
                await asyncio.sleep(self._snapshot_seconds)
            self._deadline.begin()
            await self._camera.get()
            if not await self._pass_parts(b"", self._camera.body()):
                raise self._empty()

    async def _pass_parts(self, head: bytes, body: AsyncIterator[bytes]) -> int:
        """Forwards the JPEGs of one answer; returns their number."""
        scanner, passed = JpegScanner(), 0
        for picture in scanner.feed(head):
            await self._pass_part(picture)
            passed += 1
        async for data in body:
            for picture in scanner.feed(data):
                await self._pass_part(picture)
                passed += 1
        return passed

    async def _pass_part(self, picture: bytes) -> None:
        header = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        await self._pass(header.encode() + picture + b"\r\n")

    async def _answer(self, kind: str) -> None:
        await self._viewer.send(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())

    async def _pass(self, data: bytes) -> None:
        if data:
            self._deadline.arrived()
            await self._viewer.pass_on(data, self._deadline)

    def _unfit(self, kind: str, head: bytes) -> ClearglassError | None:
        if kind in _PLAYLISTS or kind == "application/dash+xml" or head.startswith(b"#EXTM3U"):
            return CameraStreamError(
                f"{self._remote} answers with a playlist (HLS or DASH), which names further addresses.",
                remedy="Give the camera's RTSP address, or that of its MJPEG stream.",
            )
        if kind in ("text/html", "application/xhtml+xml") or head.lstrip()[:5].lower() in (b"<html", b"<!doc"):
            return CameraStreamError(
                f"{self._remote} answers with a web page.",
                remedy="Give the path of its stream, which stands in the camera's manual; the page only shows it.",
            )
        if not head:
            return self._empty()
        if kind.startswith("text/") or kind in ("application/json", "application/xml"):
            return CameraStreamError(
                f"{self._remote} answers with text and no video.",
                remedy="Look the stream's path up in the camera's manual.",
            )
        return None

    def _empty(self) -> ClearglassError:
        return CameraStreamError(
            f"{self._remote} answered without a picture.", remedy="Look the stream's path up in the camera's manual."
        )

    def _ended(self) -> ClearglassError:
        return CameraStreamError(
            f"{self._remote} ended the stream.",
            remedy="Check the camera's power, and whether it allows another viewer.",
        )


async def _beginning(body: AsyncIterator[bytes]) -> bytes:
    """The first bytes of a body: enough to recognise its kind, or all of them."""
    head = b""
    async for data in body:
        head += data
        if len(head) >= _SNIFFED or _JPEG in head:
            break
    return head


def _shows_pictures(kind: str, head: bytes) -> bool:
    """True if the body is one or more JPEGs, by its media type or, where that is wrong, by its first bytes."""
    named = kind in _PICTURES or kind.startswith("multipart/")
    return named or head.startswith(_JPEG) or (_JPEG in head and head.lstrip().startswith(b"--"))
