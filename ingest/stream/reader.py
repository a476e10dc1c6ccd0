"""The reader of one stream: its thread opens the stream, reopens it after every failure, and receives; it decodes
nothing. That is little work, so a packet's stamp is its true time of arrival, also where CPU is short. The thread that
takes frames decodes just what the newest frame needs.
"""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from ingest.camera.health import CameraState
from ingest.stream.backlog import Backlog
from ingest.stream.backoff import Backoff
from ingest.stream.frame import Frame
from ingest.stream.source import Source
from matcher.errors import ClearglassError
from matcher.process.child_process import place_of

LONG_LIVED = 10.0
"""Seconds of frames after which a stream counts as stable: the next failure begins with short waits."""

REST_STEP = 0.5
"""Seconds between two checks for the end of a wait."""


class Reader:
    """Owns the thread and the source. Its counters may be read from any thread; `wait` and `take` belong to one.

    open_source: makes a source for each attempt; ClearglassError when it may not be used. open_seconds: the source's
    limit for each of the two steps of opening.
    """

    def __init__(self, open_source: Callable[[], Source], *, backoff: Backoff, open_seconds: float = 10.0) -> None:
        self._open_source = open_source
        self._open_seconds = open_seconds
        self._opening = False
        self._paused_until = 0.0
        self._backoff = backoff
        self._backlog = Backlog()
        self._end = Event()
        self._thread = Thread(target=self._read, name="reader", daemon=True)
        self.state = CameraState.STARTING
        self.error: str | None = None
        self._beat = time.monotonic()
        self._noticed = 0
        self.newest: float | None = None
        """When the newest packet arrived."""
        self.size = (0, 0)
        self.frames = 0
        self.reconnects = 0
        self._bytes = 0
        self._source: Source | None = None
        self._connecting = Lock()
        """Held while the source changes, and while a frame sets the state to LIVE, so that no frame does so after the
        loss."""

    @property
    def bytes(self) -> int:
        """Bytes of video received, over all connections."""
        source = self._source
        return self._bytes + (source.bytes_received if source is not None else 0)

    @property
    def dropped(self) -> int:
        """Packets that were dropped because newer ones had arrived."""
        return self._backlog.dropped

    @property
    def fresh(self) -> bool:
        """True if a key frame is recent, so that the newest frame is cheap to decode."""
        return self._backlog.fresh

    def wait(self, timeout: float) -> bool:
        """True if a frame can be taken; waits up to timeout seconds for one."""
        return self._backlog.wait(timeout)

    def take(self) -> Frame | None:
        """The newest frame, decoded now; None when no packet arrived since the last one, or none that completes a
        frame."""
        packets, torn = self._backlog.take()
        frame = None
        for place, packet in enumerate(packets):
            frame = packet.decode(torn and place == 0) or frame
        if frame is not None:
            self.size = (frame.width, frame.height)
            with self._connecting:
                if self._source is not None:
                    self.state, self.error = CameraState.LIVE, None
        return frame

    def pause(self, seconds: float) -> None:
        """Makes the next attempt wait at least this many seconds. May be called from any thread."""
        self._paused_until = time.monotonic() + seconds

    def silent_for(self, moment: float) -> float:
        """Seconds since the thread last made progress: it took a step, or bytes arrived. Bytes count and not frames,
        because a stream may send for long before its first key frame. The time allowed for opening a source does not
        count.
        """
        received = self.bytes
        if received != self._noticed:
            self._noticed, self._beat = received, moment
        allowed = 2 * self._open_seconds if self._opening else 0.0
        return max(moment - self._beat - allowed, 0.0)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Asks the thread to end and waits up to timeout seconds for it; a stuck one ends with the process."""
        self._end.set()
        self._thread.join(timeout)

    def _read(self) -> None:
        while not self._end.is_set():
            self._beat = time.monotonic()
            try:
                self._connect_once()
            except ClearglassError as error:
                self.error = str(error)
            except Exception as error:  # noqa: BLE001 - the top of a supervised thread
                self.error = f"The camera's stream reader met an error in its own code ({place_of(error)})."
            if self._end.is_set():
                return
            self.state = CameraState.RECONNECTING
            self.reconnects += 1
            self._rest(self._backoff.next())

    def _rest(self, seconds: float) -> None:
        """Waits this many seconds, and longer while paused."""
        due = time.monotonic() + seconds
        while (left := max(due, self._paused_until) - time.monotonic()) > 0:
            self._beat = time.monotonic()
            if self._end.wait(min(left, REST_STEP)):
                return

    def _connect_once(self) -> None:
        """One connection from beginning to end. A regular end of the stream ends it without an error."""
        source: Source | None = None
        try:
            source = self._open_source()
            self._open(source)
            self._source = source
            self._receive(source)
        finally:
            if source is not None:
                with self._connecting:
                    self._bytes += source.bytes_received
                    self._source = None
                self._backlog.clear()
                source.close()

    def _open(self, source: Source) -> None:
        self._opening = True
        try:
            source.open()
        finally:
            self._beat = time.monotonic()
            self._opening = False

    def _receive(self, source: Source) -> None:
        first = time.monotonic()
        for packet in source.packets():
            self.frames += 1
            self._beat = self.newest = packet.arrived
            if packet.arrived - first > LONG_LIVED:
                self._backoff.reset()
            self._backlog.put(packet)
            if self._end.is_set():
                return
