"""The packets that must be decoded to see the newest frame, between the thread that receives and the one that analyses.
A key frame needs no earlier packet: when one arrives, all packets that are not decoded yet are dropped. So an analysis
that is late decodes less, still sees the newest frame, and is never more than one key frame behind.
"""

from collections.abc import Sequence
from threading import Condition

from ingest.stream.packet import Packet

MOST_PACKETS, MOST_BYTES = 1500, 64 << 20
"""After this number of packets without a key frame (a minute at 25 a second) decoding restarts at any packet."""

FEW_PACKETS = 12
"""Half a second: a key frame is recent for that time."""


class Backlog:
    """Packets not decoded yet, from the newest key frame on. `put` never waits; dropped packets are counted. put and
    clear belong to the receiving thread, wait and take to the analysing one.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._packets: list[Packet] = []
        self._bytes = 0
        self._torn = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """The number of packets that were dropped because newer ones had arrived."""
        with self._changed:
            return self._dropped

    @property
    def fresh(self) -> bool:
        """True if a key frame is recent, so that the newest frame is cheap to decode."""
        with self._changed:
            return 0 < len(self._packets) <= FEW_PACKETS and self._packets[0].key

    def put(self, packet: Packet) -> None:
        """Adds a packet."""
        with self._changed:
            if packet.key or len(self._packets) >= MOST_PACKETS or self._bytes >= MOST_BYTES:
                self._drop()
            self._packets.append(packet)
            self._bytes += packet.size
            self._changed.notify()

    def clear(self) -> None:
        """Drops everything: the stream has ended."""
        with self._changed:
            self._drop()

    def wait(self, timeout: float) -> bool:
        """True if a packet has arrived; waits up to timeout seconds for one."""
        with self._changed:
            return bool(self._packets) or self._changed.wait(max(timeout, 0))

    def take(self) -> tuple[Sequence[Packet], bool]:
        """The packets to decode for the newest frame, oldest first; and true if some before them were dropped."""
        with self._changed:
            packets, torn = self._packets, self._torn
            self._packets, self._bytes, self._torn = [], 0, False
            self._dropped += max(len(packets) - 1, 0)
            return packets, torn

    def _drop(self) -> None:
        self._dropped += len(self._packets)
        self._torn = self._torn or bool(self._packets)
        self._packets, self._bytes = [], 0
