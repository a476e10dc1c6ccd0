"""Receives one connection in its own thread, so that the measures of the stream do not depend on the time that the
analysis takes."""

from collections import deque
from threading import Condition, Event, Thread

from ingest.stream.packet import Packet
from ingest.stream.source import Source, StreamInfo
from ingest.stream.stream_measures import StreamMeasures

MOST_PACKETS, MOST_BYTES = 500, 64 << 20
"""The most packets and bytes that may wait, about 20 s of video. If decoding is too slow, further packets are
dropped."""

ENDING_SECONDS = 5.0
"""Seconds to wait for the thread to end after its source was closed. If it hangs in a system call, it ends with the
process."""


class Receiver:
    """Opens, receives and measures a stream in a thread, which stamps each packet when it arrives.

    While the thread runs, no other code may use `stream`. Packets wait until the thread that made this object decodes
    them. When too many wait, new packets are dropped until a key frame arrives for which there is room.
    """

    def __init__(self, source: Source, stream: StreamMeasures) -> None:
        self._source = source
        self._stream = stream
        self._changed = Condition()
        self._packets: deque[tuple[Packet, bool]] = deque()
        self._bytes = 0
        self._after_gap = False
        self._end = Event()
        self._failure: Exception | None = None
        self._info: StreamInfo | None = None
        self._thread = Thread(target=self._receive, name="receiver", daemon=True)

    @property
    def waiting(self) -> bool:
        """True if packets wait."""
        return bool(self._packets)

    @property
    def finished(self) -> bool:
        """True if the stream has ended or failed, and every packet was taken."""
        return not self._thread.is_alive() and not self.waiting

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def opened(self, timeout: float) -> StreamInfo | None:
        """The stream's facts. None if it has not opened within `timeout` seconds or has failed; see `raise_failure`."""
        with self._changed:
            self._changed.wait_for(lambda: self._info or self._failure, timeout)
            return self._info

    def stop(self) -> None:
        """Closes the source and ends the thread."""
        self._end.set()
        self._source.close()
        self._thread.join(ENDING_SECONDS)

    def raise_failure(self) -> None:
        """Raises the error that ended the stream, if there is one."""
        if self._failure is not None:
            raise self._failure

    def next(self, timeout: float) -> tuple[Packet, bool] | None:
        """The next packet, and true if packets before it were dropped. None if none arrives in `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._packets, timeout):
                return None
            packet, after_gap = self._packets.popleft()
            self._bytes -= packet.size
            return packet, after_gap

    def _receive(self) -> None:
        try:
            self._say_opened(self._source.open())
            for packet in self._source.packets():
                self._stream.take(packet)
                self._put(packet)
                if self._end.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - `raise_failure` raises it in the thread that reads packets
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
            if full or (self._after_gap and not packet.key):
                self._after_gap = True
                return
            self._packets.append((packet, self._after_gap))
            self._after_gap = False
            self._bytes += packet.size
            self._changed.notify()
