"""One viewer of the RTSP server, and the trouble made for it. aio-rtsp-toolkit's session implements the protocol;
`sender` changes what it sends. Its answers are changed in these places: a login can be asked for, and everything in
`Trouble` that concerns requests and the session.
"""

import asyncio
import dataclasses
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from aio_rtsp_toolkit.server_session_types import StreamTrackState

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server import trouble
from ingest.rehearsal.server.clock import Clock
from ingest.rehearsal.server.guard import Guard
from ingest.rehearsal.server.sender import META, SECOND, Sender, Studio
from ingest.rehearsal.server.trouble import Trouble

_WATCH_SECONDS = 0.2
"""Seconds between checks of a session that its viewer is still connected."""

OTHER_HOST = "rtsp://camera.example:554"
"""The host of the SDP's control addresses with `sdp=absolute`."""

_META_SDP = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track9\r\n"

Refusal = tuple[int, str, dict[str, str]]
"""Status, reason and headers of an answer without a body."""


class Viewer(Sender):
    """One connection. Its trouble is that of its DESCRIBE, and until then of its OPTIONS."""

    def __init__(self, server: Studio, sock: Any) -> None:
        super().__init__(server, sock)
        self._guard: Guard | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def _read_request(self) -> Any:
        """The next request for the toolkit to answer; None at the end of the connection."""
        while (request := await super()._read_request()) is not None:
            event = {"method": request.method, "uri": request.uri, "headers": request.headers}
            self.server.announce({"request": event})
            try:
                self._learn(request.method, request.uri)
            except RehearsalError as error:
                await self._send_response(request.headers, 400, "Bad Request", body=str(error).encode())
                continue
            if not await self._answered(request):
                return request
        return None

    def _learn(self, method: str, uri: str) -> None:
        """Reads the trouble from an address; after DESCRIBE viewers use the addresses of the SDP, which have none."""
        if method != "DESCRIBE" and not (method == "OPTIONS" and self.media_source is None):
            return
        chosen = Trouble.of(uri, trouble.Protocol.RTSP)
        if chosen.auth and self.server.login is None:
            raise RehearsalError("This server has no login to ask for.", remedy="Leave auth out of the address.")
        if chosen != self._trouble:
            self._guard = None
        self._set_trouble(chosen)

    async def _answered(self, request: Any) -> bool:
        """True if a request needs no answer any more: it was ignored on purpose, or refused."""
        method, silent = request.method, self._trouble.silent
        if silent == "1" or (silent == "describe" and method == "DESCRIBE"):
            return True
        if method == "OPTIONS":
            return False
        if method == "DESCRIBE":
            await asyncio.sleep(self._trouble.slow)
        refusal = self._refusal(method, request.uri, request.headers)
        if refusal is not None:
            await self._send_response(request.headers, *refusal)
        return refusal is not None

    def _refusal(self, method: str, uri: str, headers: Mapping[str, str]) -> Refusal | None:
        chosen, describe = self._trouble, method == "DESCRIBE"
        elsewhere = (302, "Found", {"Location": chosen.redirect}) if describe and chosen.redirect else None
        if elsewhere and not chosen.redirect_after:
            return elsewhere
        if challenges := self._challenges(headers.get("authorization", ""), method, uri):
            # The toolkit takes one value for each name, and writes it as it is.
            return 401, "Unauthorized", {"WWW-Authenticate": "\r\nWWW-Authenticate: ".join(challenges)}
        if elsewhere or (describe and chosen.status):
            return elsewhere or (chosen.status, "Trouble", {})
        return (461, "Unsupported Transport", {}) if method == "SETUP" and chosen.udponly else None

    def _challenges(self, authorization: str, method: str, uri: str) -> list[str] | None:
        if self.server.login is None:
            return None
        if self._guard is None:
            chosen = self._trouble
            self._guard = Guard(self.server.login, scheme=chosen.auth, qop=chosen.qop, stale=chosen.stale)
        return self._guard.refusal(authorization, method=method, uri=uri)

    async def _handle_describe(self, uri: str, req_headers: dict[str, str]) -> None:
        self._next_film = self.server.resolve_request_path(f"/{self._trouble.switch}") if self._trouble.switch else None
        await super()._handle_describe(uri, req_headers)
        self._mount = mount_of(uri)
        if self._trouble.meta:
            self.track_states[META.control] = StreamTrackState(META)
        if self._trouble.second:
            video = next(state.info for state in self.track_states.values() if state.info.media_type == "video")
            copy = dataclasses.replace(video, control=SECOND, av_stream_index=None)
            self.track_states[SECOND] = StreamTrackState(copy)

    async def _send_response(
        self,
        req_headers: dict[str, str],
        status_code: int,
        reason: str,
        extra_headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        extra = dict(extra_headers or {})
        if extra.get("Content-Type") == "application/sdp":
            body = self._described(body.decode()).encode()
        if "RTP-Info" in extra:
            first = f"seq={self._trouble.seq};rtptime={Clock(self._trouble.ts, seed=self._trouble.seed).stamp(0.0)}"
            extra["RTP-Info"] = extra["RTP-Info"].replace("seq=1;rtptime=0", first)
        await super()._send_response(req_headers, status_code, reason, extra, body)

    def _described(self, sdp: str) -> str:
        if self._trouble.second:
            video = "m=video" + sdp.partition("m=video")[2].partition("m=audio")[0]
            sdp += re.sub("a=control:track[0-9]+", f"a=control:{SECOND}", video)
        if self._trouble.meta:
            sdp = sdp.replace("m=video", f"{_META_SDP}m=video", 1)
        match self._trouble.sdp:
            case "bare":
                return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith("a=fmtp:"))
            case "absolute":
                place = f"{OTHER_HOST}{urlsplit(self.content_base).path}"
                return sdp.replace("a=control:*", f"a=control:{place}").replace(
                    "a=control:track", f"a=control:{place}track"
                )
            case _:
                return sdp

    async def _handle_play(self, req_headers: dict[str, str]) -> None:
        await super()._handle_play(req_headers)
        if self.stream_task is None:
            return
        self._played = time.perf_counter()
        if self._trouble.die:
            self._tasks.append(asyncio.create_task(self._die(self._trouble.die)))
        self.server.announce({"playing": self._mount, "at": time.time()})

    async def _die(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.sock.writer.close()

    def _session_header_value(self) -> str:
        return f"{self.session_id};timeout={self._trouble.timeout}"

    async def _watch_session_timeout(self) -> None:
        """Ends a session whose viewer has sent nothing, not even RTCP, for `timeout` seconds."""
        while not self.closed:
            await asyncio.sleep(_WATCH_SECONDS)
            idle = time.monotonic() - self.last_activity_monotonic
            if self.session_active and idle >= self._trouble.timeout:
                await self.close()

    async def close(self) -> None:
        """Ends the stream and the connection."""
        for task in self._tasks:
            task.cancel()
        await super().close()


def mount_of(uri: str) -> str:
    """The mount's name in a request's address: the first part of its path."""
    return unquote(urlsplit(uri).path.strip("/").split("/")[0])
