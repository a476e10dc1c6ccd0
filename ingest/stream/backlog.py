"""What has to be decoded to see the newest frame, between the thread that receives and the one that analyses.

A key frame needs nothing that came before it: when one arrives, whatever was not decoded by then is dropped. So who
comes late decodes less, sees the newest frame all the same, and can never fall behind by more than one key frame.
"""

from collections.abc import Sequence
from threading import Condition

from ingest.stream.packet import Packet

MOST_PACKETS, MOST_BYTES = 1500, 64 << 20
"""A camera that sends no key frame for so long (a minute at 25 a second) is begun anew wherever it stands."""

FEW_PACKETS = 12
"""Half a second's: a key frame that came within it came just now."""


class Backlog:
    """Packets not decoded yet, from the newest key frame on. Putting never waits; what is passed by is counted.

    put and clear belong to the thread that receives, wait and take to the one that analyses.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._packets: list[Packet] = []
        self._bytes = 0
        self._torn = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many packets will never be looked at: newer ones were there."""
        with self._changed:
            return self._dropped

    @property
    def fresh(self) -> bool:
        """Whether a key frame came just now, so that the newest frame is had for little."""
        with self._changed:
            return 0 < len(self._packets) <= FEW_PACKETS and self._packets[0].key

    def put(self, packet: Packet) -> None:
        """Leaves a packet."""
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
        """Whether a packet is there, waiting up to timeout seconds for one."""
        with self._changed:
            return bool(self._packets) or self._changed.wait(max(timeout, 0))

    def take(self) -> tuple[Sequence[Packet], bool]:
        """The packets to decode for the newest frame, oldest first; whether some before them were dropped."""
        with self._changed:
            packets, torn = self._packets, self._torn
            self._packets, self._bytes, self._torn = [], 0, False
            self._dropped += max(len(packets) - 1, 0)
            return packets, torn

    def _drop(self) -> None:
        self._dropped += len(self._packets)
        self._torn = self._torn or bool(self._packets)
        self._packets, self._bytes = [], 0
