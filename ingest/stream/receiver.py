"""Receives one connection in a thread of its own, so that its measures do not depend on the time that the analysis
takes."""

from collections import deque
from threading import Condition, Event, Thread

from ingest.stream.packet import Packet
from ingest.stream.source import Source, StreamInfo
from ingest.stream.stream_measures import StreamMeasures

MOST_PACKETS, MOST_BYTES = 500, 64 << 20
"""The most packets that wait to be decoded, some twenty seconds of a camera: a slower machine decodes fewer."""

ENDING_SECONDS = 5.0
"""Seconds in which a thread whose source was closed must end. One that hangs in a system call ends with its process."""


class Receiver:
    """Opens, receives and measures in a thread, where a packet is stamped when it arrives. Nothing else may use
    `stream` then. Every packet waits to be decoded by the thread that made this object. When too many wait, new packets
    are left out up to the first key frame for which there is room.
    """

    def __init__(self, source: Source, stream: StreamMeasures) -> None:
        self._source = source
        self._stream = stream
        self._changed = Condition()
        self._packets: deque[tuple[Packet, bool]] = deque()
        self._bytes = 0
        self._torn = False
        self._end = Event()
        self._failure: Exception | None = None
        self._info: StreamInfo | None = None
        self._thread = Thread(target=self._receive, name="receiver", daemon=True)

    @property
    def waiting(self) -> bool:
        """True if packets wait."""
        return bool(self._packets)

    @property
    def over(self) -> bool:
        """True if the stream has ended or broken, and every packet was taken."""
        return not self._thread.is_alive() and not self.waiting

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def opened(self, timeout: float) -> StreamInfo | None:
        """The stream's facts; None when it has neither opened nor failed within timeout seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._info or self._failure, timeout)
            return self._info

    def stop(self) -> None:
        """Closes the source and ends the thread."""
        self._end.set()
        self._source.close()
        self._thread.join(ENDING_SECONDS)

    def raise_failure(self) -> None:
        """Raises the error that broke the stream, if there is one."""
        if self._failure is not None:
            raise self._failure

    def next(self, timeout: float) -> tuple[Packet, bool] | None:
        """The next packet, and true if some before it were left out; None when none arrived within timeout seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._packets, timeout):
                return None
            packet, torn = self._packets.popleft()
            self._bytes -= packet.size
            return packet, torn

    def _receive(self) -> None:
        try:
            self._say_opened(self._source.open())
            for packet in self._source.packets():
                self._stream.take(packet)
                self._put(packet)
                if self._end.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised again by the thread that looks
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _say_opened(self, info: StreamInfo) -> None:
        with self._changed:
            self._info = info
            self._changed.notify_all()

    def _put(self, packet: Packet) -> None:
        with self._changed:
            full = len(self._packets) >= MOST_PACKETS or self._bytes >= MOST_BYTES
            if full or (self._torn and not packet.key):
                self._torn = True
                return
            self._packets.append((packet, self._torn))
            self._torn = False
            self._bytes += packet.size
            self._changed.notify()
