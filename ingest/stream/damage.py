"""Which frames of a stream are damaged: those that a damaged or missing packet is part of, up to a whole key frame."""

from dataclasses import dataclass

REFRESH_SECONDS = 60.0
"""An encoder that sends no key frames renews its picture bit by bit (intra refresh); after so long without new damage
nothing of the old is left. A camera with key frames sends one long before."""


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
    """What is known of one packet when it goes to the decoder. hit: it is damaged itself.

    leads: it is shown before its group's key frame, after a damaged group that it may be made from (H.265's RASL).
    """

    number: int
    arrived: float
    hit: bool
    group: _Group
    leads: bool


class Damage:
    """Follows one stream. Packets are told in decoding order; their frames may come out of the decoder in another.

    hits: packets and frames that were damaged themselves.
    """

    def __init__(self) -> None:
        self.hits = 0
        self._group = _Group()
        self._before_damaged = True
        self._begun = False

    def packet(
        self, number: int, *, arrived: float, shown: float | None, key: bool, hit: bool, torn: bool
    ) -> Suspicion:
        """Takes the next packet. shown: its presentation time, in any unit. torn: packets before it were left out."""
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
        """The packet could not be decoded, or its frame came out in pieces."""
        if not packet.hit:
            self.hits += 1
        packet.group.strike(packet.number, packet.arrived)

    def damages(self, packet: Suspicion) -> bool:
        """Whether the packet's frame is damaged, as far as is known by now."""
        return packet.leads or packet.group.damages(packet.number, packet.arrived)
