"""The serving process: files as RTSP mounts that never end. `rtsp_server.RtspServer` starts it and talks to it.

The protocol is spoken by aio-rtsp-toolkit, a server written by others, so that the camera side is not tested against
our own reading of RTSP. It is bent in seven places: a mount's name stands for its file; every file loops; a frame's
packets leave in one burst, as a camera sends them (the toolkit spreads them over the frame's time with a timer each,
which doubles its CPU at 10 Mbit/s); every viewer has a thread (asyncio's default of six on two cores would let the
seventh starve); the viewers of a camera's two streams see the same moment; a packet that a busy loop takes up late is
not queued a second time; and a login can be asked for.

Standard input carries one line of JSON, the `Plan`; when it closes, because the parent has ended, so does this process.
Standard output carries one JSON object a line: `{"listening": port}`, then `{"playing": mount, "at": unix seconds}`.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

from aio_rtsp_toolkit.server import RtspServer as ToolkitServer
from aio_rtsp_toolkit.server_session import RtspServerSession

from ingest.rehearsal.plan import Plan

MAX_VIEWERS = 64
REALM = "rehearsal"
LOOK_UP_SECONDS = 0.2
"""How often a viewer's thread that waits for room in its queue looks whether it should end."""

Announce = Callable[[Mapping[str, Any]], None]


class _Session(RtspServerSession):  # type: ignore[misc]
    """One viewer."""

    def __init__(self, server: "_Server", sock: Any) -> None:
        super().__init__(server, sock)
        self._nonce = secrets.token_hex(16)
        self._mount = ""

    async def _handle_describe(self, uri: str, req_headers: dict[str, str]) -> None:
        login = self.server.plan.login
        if login and not digest_accepted(req_headers.get("authorization", ""), login, self._nonce):
            challenge = f'Digest realm="{REALM}", nonce="{self._nonce}", algorithm="MD5"'
            await self._send_response(req_headers, 401, "Unauthorized", {"WWW-Authenticate": challenge})
            return
        await super()._handle_describe(uri, req_headers)
        self._mount = mount_of(uri)

    async def _handle_play(self, req_headers: dict[str, str]) -> None:
        await super()._handle_play(req_headers)
        self.server.announce({"playing": self._mount, "at": time.time()})

    async def _send_video_packet(
        self, state: Any, data: bytes, media_time: float, duration_seconds: float, is_keyframe: bool
    ) -> None:
        begun = self.server.begun(self._mount)
        if begun is not None and state.first_send_time is None:
            if not is_keyframe or begun + media_time < time.perf_counter():
                return
            state.first_send_time = begun
        await super()._send_video_packet(state, data, media_time, duration_seconds, is_keyframe)

    async def _send_paced_rtp_payloads(
        self,
        state: Any,
        payloads: list[tuple[bytes, int]],
        timestamp: int,
        media_time: float,
        duration_seconds: float,
    ) -> None:
        await self._sleep_until_media_time(state, media_time)
        for payload, marker in payloads:
            await self._send_rtp_packet(state, payload, timestamp=timestamp, marker=marker)

    def _threadsafe_queue_put(
        self, loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[Any]", item: Any, stop_event: Event
    ) -> bool:
        return put_once(loop, queue, item, stop_event)


class _Server(ToolkitServer):  # type: ignore[misc]
    """Mounts in place of a folder."""

    def __init__(self, plan: Plan, announce: Announce) -> None:
        super().__init__(".", host=plan.host, port=plan.port, session_name=REALM)
        self.logger = logging.getLogger(__name__)
        self.logger.addHandler(logging.NullHandler())
        self.plan = plan
        self.announce = announce
        self._begun: dict[str, float] = {}

    def begun(self, mount: str) -> float | None:
        """When the camera of a mount began to send, in seconds of time.perf_counter(); None if it has one stream only.

        It begins when somebody first looks at either of its two.
        """
        substreams = self.plan.substreams
        camera = substreams.get(mount, mount)
        if camera not in substreams.values():
            return None
        return self._begun.setdefault(camera, time.perf_counter())

    async def _handle_client(self, sock: Any) -> None:
        with contextlib.suppress(ConnectionError):
            await _Session(self, sock).run()

    def resolve_request_path(self, uri: str) -> Path:
        """The file behind a mount; FileNotFoundError becomes the answer 404."""
        file = self.plan.mounts.get(mount_of(uri))
        if file is None:
            raise FileNotFoundError(uri)
        return Path(file)

    def is_voice_stream_request(self, uri: str) -> bool:
        """Never: only mounts are served."""
        return False

    def parse_play_count(self, uri: str) -> int:
        """0: for ever."""
        return 0

    def parse_pre_fill_ms(self, uri: str) -> int:
        """No silence before the start."""
        return 0

    def bound_port(self) -> int:
        """The port listened on, once started."""
        return int(self._server.sockets[0].getsockname()[1])


def put_once(loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[Any]", item: Any, stop_event: Event) -> bool:
    """Puts an item into a loop's queue from another thread, waiting for the same put however long it takes.

    False when `stop_event` was set, or the loop has ended, before the item was in.
    """
    future = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
    while not stop_event.is_set():
        try:
            future.result(timeout=LOOK_UP_SECONDS)
        except TimeoutError:
            continue
        except (CancelledError, RuntimeError):
            return False
        return True
    future.cancel()
    return False


def mount_of(uri: str) -> str:
    """The mount's name in a request's address: the first part of its path."""
    return unquote(urlsplit(uri).path.strip("/").split("/")[0])


def digest_accepted(authorization: str, login: tuple[str, str], nonce: str) -> bool:
    """Whether an Authorization header answers the challenge: RFC 2069's Digest, the form FFmpeg and cameras speak."""
    if not authorization.lower().startswith("digest "):
        return False
    fields = dict(re.findall(r'(\w+)="([^"]*)"', authorization))
    if (fields.get("username"), fields.get("nonce")) != (login[0], nonce):
        return False
    owner = _md5(f"{login[0]}:{REALM}:{login[1]}")
    request = _md5(f"DESCRIBE:{fields.get('uri', '')}")
    return secrets.compare_digest(fields.get("response", ""), _md5(f"{owner}:{nonce}:{request}"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def serve(plan: Plan, announce: Announce, end: asyncio.Event) -> None:
    """Serves until `end` is set. OSError when the address cannot be bound."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(MAX_VIEWERS, thread_name_prefix="viewer"))
    server = _Server(plan, announce)
    await server.start()
    announce({"listening": server.bound_port()})
    await end.wait()


async def _end_with(stdin: asyncio.StreamReader, end: asyncio.Event) -> None:
    await stdin.read()
    end.set()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    plan = Plan.from_json((await stdin.readline()).decode())
    end = asyncio.Event()
    watcher = asyncio.create_task(_end_with(stdin, end))
    await serve(plan, _print_line, end)
    watcher.cancel()


def _print_line(event: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches the whole group of processes: when to end is the parent's word.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        asyncio.run(_main())
    except OSError as error:
        sys.exit(error.strerror or str(error))
    # The viewers' threads wait in their queues; nothing here is worth waiting for.
    os._exit(0)
