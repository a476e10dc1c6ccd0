"""The reader thread of a worker: keeps a stream open, come what may, and leaves its newest frame in the mailbox."""

import time
from collections.abc import Callable
from threading import Event, Thread

from ingest.backoff import Backoff
from ingest.frame import Frame
from ingest.health import CameraState
from ingest.mailbox import Mailbox
from ingest.source import Source
from matcher.errors import ClearglassError

LONG_LIVED = 10.0
"""Seconds of frames after which a stream counts as well again, and a new failure begins with short waits."""


class Reader:
    """Owns the thread and the source. What it counts may be read from any thread.

    open_source: makes a source for each attempt, the address checked anew; ClearglassError when it may not be used.
    """

    def __init__(self, open_source: Callable[[], Source], *, backoff: Backoff, mailbox: Mailbox[Frame]) -> None:
        self._open_source = open_source
        self._backoff = backoff
        self._mailbox = mailbox
        self._end = Event()
        self._thread = Thread(target=self._read, name="reader", daemon=True)
        self.state = CameraState.STARTING
        self.error: str | None = None
        self._beat = time.monotonic()
        self._noticed = 0
        self.newest: float | None = None
        """When the newest frame arrived."""
        self.size = (0, 0)
        self.frames = 0
        self.reconnects = 0
        self._bytes = 0
        self._source: Source | None = None

    @property
    def bytes(self) -> int:
        """Bytes of video received, over all connections."""
        source = self._source
        return self._bytes + (source.bytes_received if source is not None else 0)

    def silent_for(self, moment: float) -> float:
        """Seconds since the thread last showed that it is not stuck: it took a step, or bytes came.

        Bytes, and not frames: a stream may send for long before its first key frame.
        """
        received = self.bytes
        if received != self._noticed:
            self._noticed, self._beat = received, moment
        return moment - self._beat

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Asks the thread to end and waits so long for it; a stuck one is left behind to end with the process."""
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
                self.error = f"The camera's stream reader broke: {type(error).__name__}."
            if self._end.is_set():
                return
            self.state = CameraState.RECONNECTING
            self.reconnects += 1
            self._beat = time.monotonic()
            self._end.wait(self._backoff.next())

    def _connect_once(self) -> None:
        """One connection from beginning to end. A regular end of a stream is no error, but it is an end."""
        source: Source | None = None
        try:
            source = self._open_source()
            source.open()
            self._source = source
            self._frames_of(source)
        finally:
            if source is not None:
                self._bytes += source.bytes_received
                self._source = None
                source.close()

    def _frames_of(self, source: Source) -> None:
        first = time.monotonic()
        for frame in source.frames():
            self.frames += 1
            self._beat = self.newest = frame.arrived
            self.size = (frame.width, frame.height)
            if self.state is not CameraState.LIVE:
                self.state, self.error = CameraState.LIVE, None
            if frame.arrived - first > LONG_LIVED:
                self._backoff.reset()
            self._mailbox.put(frame)
            if self._end.is_set():
                return
