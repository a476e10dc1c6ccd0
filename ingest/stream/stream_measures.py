"""Measures a stream: its frame rate, bitrate and gaps."""

from ingest.stream.packet import Packet


class StreamMeasures:
    """Counts packets over one or more connections. Times in seconds. Owned by one thread at a time."""

    def __init__(self) -> None:
        self.frames = 0
        self.longest_gap = 0.0
        self.interruptions = 0
        self._arrived: float | None = None
        self._streamed = 0.0
        self._followed = 0
        self._bytes = 0
        """Counts frames that followed another: a connection's first has no duration, and is large, being a key
        frame."""
        self._lost_connection: float | None = None

    def take(self, packet: Packet) -> None:
        """Counts one packet."""
        self.frames += 1
        if self._arrived is not None:
            self._bytes += packet.size
            self._streamed += packet.arrived - self._arrived
            self._followed += 1
            self.longest_gap = max(self.longest_gap, packet.arrived - self._arrived)
        if self._lost_connection is not None:
            self.longest_gap = max(self.longest_gap, packet.arrived - self._lost_connection)
            self._lost_connection = None
        self._arrived = packet.arrived

    def broke(self) -> None:
        """The connection was lost, and the next packet is of another one. The time between is a gap, and counts in no
        rate."""
        if self._arrived is None:
            return
        self.interruptions += 1
        self._lost_connection = self._arrived
        self._arrived = None

    def end(self, moment: float) -> None:
        """The stream has ended. moment: seconds of time.monotonic()."""
        if self._lost_connection is not None:
            self.longest_gap = max(self.longest_gap, moment - self._lost_connection)

    @property
    def frame_rate(self) -> float:
        """Frames a second while connected; the wait for a stream's first frame does not count. 0 while no frame has
        followed another.
        """
        return self._followed / max(self._streamed, 1e-6)

    @property
    def bitrate(self) -> float:
        """Bits a second while connected. 0 while no frame has followed another."""
        return self._bytes * 8 / max(self._streamed, 1e-6)
