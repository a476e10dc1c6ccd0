"""A real RTSP server on loopback, in a process of its own that can be killed and started again on the same port."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Any, Self

from ingest.rehearsal.errors import RehearsalError
from ingest.rehearsal.server.arrivals import Arrivals
from ingest.rehearsal.server.certificate import ServerCertificate
from ingest.rehearsal.server.plan import Plan
from ingest.rehearsal.server.request import Request

START_SECONDS = 20.0


class RtspServer:
    """Serves H.264 or H.265 files (MP4 or Matroska) as endless RTSP streams over TCP, at their own pace.

    Each viewer starts at the file's first frame; at the file's end it goes on with the first again, timestamps running
    on. The packets are sent as they stand in the file. Owns one child process, which ends with its parent in any case.

    mounts: name to file. port: 0 takes a free one and keeps it for restarts. login: (user name, password) asked of
    every viewer by Digest. substreams: mount to the mount that it shows a smaller picture of; the viewers of the two
    see the same moment, since a later viewer joins at a key frame. tls: speaks RTSP over TLS (rtsps) by this
    certificate. The query of an address asks for trouble: see `trouble.Trouble`. Use as a context manager, or `start`
    and `stop`. Not safe to share between threads.
    """

    def __init__(
        self,
        mounts: Mapping[str, Path],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login: tuple[str, str] | None = None,
        substreams: Mapping[str, str] | None = None,
        tls: ServerCertificate | None = None,
    ) -> None:
        self._mounts = {name: file.resolve() for name, file in mounts.items()}
        self._host = host
        self._port = port
        self._login = login
        self._substreams = dict(substreams or {})
        self._tls = tls
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._complaints: IO[bytes] | None = None
        self._plays: defaultdict[str, list[datetime]] = defaultdict(list)
        self._requests: list[Request] = []
        self._arrivals = Arrivals()

    @property
    def port(self) -> int:
        """The port served on; 0 before the first start when it was left open."""
        return self._port

    @property
    def pid(self) -> int:
        """The serving process's id; RehearsalError when it is not running."""
        if self._process is None:
            raise RehearsalError("The RTSP server is not running.", remedy="Call start() first.")
        return self._process.pid

    def url(self, mount: str, query: str = "") -> str:
        """A mount's address, without the login. query: the trouble asked for, such as "slow=2&loss=0.01"."""
        if mount not in self._mounts:
            raise RehearsalError(f"There is no mount {mount!r}.", remedy=f"Use one of {sorted(self._mounts)}.")
        scheme = "rtsp" if self._tls is None else "rtsps"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}/{mount}{query and '?'}{query}"

    def plays(self, mount: str) -> tuple[datetime, ...]:
        """The times at which viewers of a mount were sent its first frame, oldest first; from it follows the time of
        every frame."""
        self._catch_up()
        return tuple(self._plays[mount])

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request of every viewer since the first start, oldest first."""
        self._catch_up()
        return tuple(self._requests)

    @property
    def connections(self) -> int:
        """How many connections were made since the first start; those that broke off during TLS are among them."""
        return self._catch_up()

    def start(self) -> None:
        """Returns when viewers can connect. RehearsalError: a file is missing, or the port is taken."""
        if self._process is not None:
            return
        for file in self._mounts.values():
            if not file.is_file():
                raise RehearsalError(f"There is no file {file.name}.", remedy="Compose the scene first.")
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _last_complaint
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.rehearsal.server.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        mounts = {name: str(file) for name, file in self._mounts.items()}
        plan = Plan(
            mounts=mounts,
            host=self._host,
            port=self._port,
            login=self._login,
            substreams=self._substreams,
            certificate=self._tls,
        )
        self._send(plan)
        self._port = self._await_port()

    def stop(self) -> None:
        """Ends the process and waits for it. May be called twice."""
        self._end(kill=False)

    def kill(self) -> None:
        """SIGKILL: the viewers see the connection break with no goodbye. `start` brings it back on the same port."""
        self._end(kill=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _catch_up(self) -> int:
        """Waits until all messages of the serving process have arrived; returns the number of connections."""
        return self._arrivals.count((self._host, self._port) if self._process else None)

    def _send(self, plan: Plan) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(plan.to_json() + "\n")
            self._process.stdin.flush()

    def _await_port(self) -> int:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101
        ports: Queue[int | None] = Queue()
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stdout, ports), name="rtsp-server-listener", daemon=True
        )
        self._listener.start()
        try:
            port = ports.get(timeout=START_SECONDS)
        except Empty:
            port = None
        if port is None:
            reason = self._end(kill=True)
            raise RehearsalError(
                f"The RTSP server did not start on {self._host}:{self._port}: {reason or 'it said nothing'}.",
                remedy="Choose another port, or 0 for a free one.",
            )
        return port

    def _listen(self, stdout: IO[str], ports: "Queue[int | None]") -> None:
        """Runs in the listener thread until the process ends; then puts None."""
        for line in stdout:
            with contextlib.suppress(json.JSONDecodeError):
                self._note(json.loads(line), ports)
        ports.put(None)

    def _note(self, event: Mapping[str, Any], ports: "Queue[int | None]") -> None:
        """Records one event of the serving process; see `serving` for its form."""
        match event:
            case {"listening": port}:
                ports.put(port)
            case {"playing": mount, "at": moment}:
                self._plays[mount].append(datetime.fromtimestamp(moment, UTC))
            case {"connection": port}:
                self._arrivals.add(port)
            case {"request": fields}:
                self._requests.append(Request(**fields))

    def _end(self, *, kill: bool) -> str:
        """Ends process, listener and pipes; returns the last line of the process's standard error."""
        process, self._process = self._process, None
        if process is None:
            return ""
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        if kill:
            process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._listener is not None:
            self._listener.join()
        process.stdout.close()
        return self._last_complaint()

    def _last_complaint(self) -> str:
        if self._complaints is None:
            return ""
        with self._complaints as file:
            file.seek(0)
            lines = file.read().decode(errors="replace").strip().splitlines()
        self._complaints = None
        return lines[-1] if lines else ""
