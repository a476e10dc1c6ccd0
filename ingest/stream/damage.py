"""Finds the damaged frames of a stream: those that depend on a damaged or missing packet, up to the next complete key
frame."""

from dataclasses import dataclass

REFRESH_SECONDS = 60.0
"""Seconds after which old damage is gone: an encoder without key frames refreshes its picture in parts (intra refresh).
A camera with key frames sends one much earlier."""


@dataclass(kw_only=True, eq=False)
class _Group:
    """The packets from one key frame to the next. damaged_from: number of the first damaged one. newest: when the last
    damage came, seconds of time.monotonic()."""

    key_shown: float | None = None
    damaged_from: int | None = None
    newest: float = 0.0

    def strike(self, number: int, arrived: float) -> None:
        if self.damaged_from is None or number < self.damaged_from:
            self.damaged_from = number
        self.newest = max(self.newest, arrived)

    def damages(self, number: int, arrived: float) -> bool:
        return self.damaged_from is not None and number >= self.damaged_from and arrived - self.newest < REFRESH_SECONDS


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspicion:
    """The damage of one packet, as known when it is decoded. hit: the packet itself is damaged. leads: it is shown
    before its group's key frame and may depend on a damaged group before it (H.265's RASL).
    """

    number: int
    arrived: float
    hit: bool
    group: _Group
    leads: bool


class Damage:
    """Tracks the damage of one stream. Packets are added in decoding order; the decoder may output frames in another.
    hits: packets and frames with damage of their own.
    """

    def __init__(self) -> None:
        self.hits = 0
        self._group = _Group()
        self._before_damaged = True
        self._begun = False

    def packet(
        self, number: int, *, arrived: float, shown: float | None, key: bool, hit: bool, torn: bool
    ) -> Suspicion:
        """Adds the next packet. shown: its presentation time, in any unit. torn: packets before it were left out."""
        if key:
            self._before_damaged = not self._begun or self._group.damaged_from is not None or torn
            self._group = _Group(key_shown=shown)
        elif torn or not self._begun:
            self._group.strike(number, arrived)
        self._begun = True
        group, leads = self._group, False
        if not key and shown is not None and group.key_shown is not None:
            leads = self._before_damaged and shown < group.key_shown
        suspicion = Suspicion(number=number, arrived=arrived, hit=hit, group=group, leads=leads)
        if hit:
            self.hits += 1
            group.strike(number, arrived)
        return suspicion

    def broken(self, packet: Suspicion) -> None:
        """Records that the packet could not be decoded, or that its frame is incomplete."""
        if not packet.hit:
            self.hits += 1
        packet.group.strike(packet.number, packet.arrived)

    def damages(self, packet: Suspicion) -> bool:
        """True if the packet's frame is damaged, as far as known."""
        return packet.leads or packet.group.damages(packet.number, packet.arrived)
