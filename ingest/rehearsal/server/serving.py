"""The serving process: files as RTSP mounts that never end. `rtsp_server.RtspServer` starts it and talks to it.

The protocol is implemented by aio-rtsp-toolkit, a server written by others, so that the camera side is not tested
against this project's own reading of RTSP. Its sessions are changed as `viewer` and `sender` describe, and the server
in these places: a mount's name stands for its file; every file loops; it speaks TLS if it has a certificate; every
viewer has a thread (asyncio's default of six on two cores would let the seventh starve).

Standard input carries one line of JSON, the `Plan`; when it closes, because the parent has ended, so does this process.
Standard output carries one JSON object a line: `{"listening": port}`, then `{"connection": port}` with the port
of each viewer, `{"request": {"method", "uri", "headers"}}` before its answer, and `{"playing": mount, "at": seconds}`
with Unix time.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aio_rtsp_toolkit.server import RtspServer as ToolkitServer

from ingest.rehearsal.server.guard import REALM
from ingest.rehearsal.server.plan import Plan
from ingest.rehearsal.server.sender import Announce
from ingest.rehearsal.server.viewer import Viewer, mount_of

MAX_VIEWERS = 64


class _Server(ToolkitServer):  # type: ignore[misc]
    """Serves mounts in place of a folder."""

    def __init__(self, plan: Plan, announce: Announce) -> None:
        super().__init__(".", host=plan.host, port=plan.port, session_name=REALM)
        self.logger = logging.getLogger(__name__)
        self.logger.addHandler(logging.NullHandler())
        self.plan = plan
        self.login = plan.login
        self.announce = announce
        self._tls = None if plan.certificate is None else plan.certificate.context()
        self._begun: dict[str, float] = {}

    def begun(self, mount: str) -> float | None:
        """The time at which the camera of a mount began to send, in seconds of time.perf_counter(); None if it has one
        stream only. It begins with the first viewer of either of its two streams.
        """
        substreams = self.plan.substreams
        camera = substreams.get(mount, mount)
        if camera not in substreams.values():
            return None
        return self._begun.setdefault(camera, time.perf_counter())

    async def _handle_client(self, sock: Any) -> None:
        # A connection is counted before TLS begins, so that one that breaks off there is counted too.
        self.announce({"connection": sock.getpeername()[1]})
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            if self._tls is not None:
                await sock.writer.start_tls(self._tls)
            await Viewer(self, sock).run()

    def resolve_request_path(self, uri: str) -> Path:
        """The file behind a mount; FileNotFoundError becomes the answer 404."""
        file = self.plan.mounts.get(mount_of(uri))
        if file is None:
            raise FileNotFoundError(uri)
        return Path(file)

    def build_content_base(self, uri: str, headers: dict[str, str]) -> str:
        """The toolkit's address, with the scheme rtsps for RTSP over TLS."""
        base = str(super().build_content_base(uri, headers))
        return base if self._tls is None else base.replace("rtsp:", "rtsps:", 1)

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
    # Ctrl-C in a terminal reaches the whole group of processes: the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        asyncio.run(_main())
    except OSError as error:
        sys.exit(error.strerror or str(error))
    # The viewers' threads wait in their queues; they need not be waited for.
    os._exit(0)
