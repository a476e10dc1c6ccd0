"""Counts the lost packets of an RTP stream by sequence numbers (RFC 3550, A.1)."""

MAX_DROPOUT, MAX_MISORDER = 3000, 100
"""A larger step of the sequence number begins a new sequence; a packet up to this number of steps back is late."""


class RtpCounter:
    """Counts one connection's packets. Owned by one task; the counts may be read by any thread."""

    def __init__(self) -> None:
        self.received = 0
        self.lost = 0
        self._source: int | None = None
        self._expected = 0

    def take(self, source: int, sequence: int) -> int:
        """Counts a packet by its SSRC and sequence number; returns how many are missing just before it.

        At the beginning of a new sequence that number is unknown: it is 1 then, and no packet is counted as lost.
        """
        self.received += 1
        ahead = (sequence - self._expected) & 0xFFFF
        if source != self._source:
            self._source, ahead = source, 0
        elif ahead >= 0x10000 - MAX_MISORDER:
            # Late, and counted as lost when the one after it came: over TCP this does not happen.
            return 0
        self._expected = (sequence + 1) & 0xFFFF
        if ahead > MAX_DROPOUT:
            return 1
        self.lost += ahead
        return ahead
