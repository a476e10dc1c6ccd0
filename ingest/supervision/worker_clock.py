"""Translates moments of a worker's clock into moments of the service's clock."""

from collections import deque

SAMPLES = 240
"""About two minutes of reports: two clocks that drift apart by 50 millionths differ by 6 ms after that time."""


class WorkerClock:
    """The difference between a worker's time.monotonic() and the service's, which run on one machine or on two.

    Of the newest SAMPLES messages that carry the moment they were sent at, the one that travelled fastest has the
    smallest difference between receipt and sending: this is the offset, like the clock filter of NTP (RFC 5905,
    section 10), which also trusts the sample of the shortest delay. A moment is late by that one's travel time.
    Owned by one thread.
    """

    def __init__(self) -> None:
        self._differences: deque[float] = deque(maxlen=SAMPLES)

    def heard(self, *, sent: float, received: float) -> None:
        """Takes one message's times in seconds: sent by the worker's clock, received by the service's."""
        self._differences.append(received - sent)

    def here(self, moment: float) -> float:
        """The moment of the worker's clock in seconds of the service's. Raises ValueError before the first `heard`."""
        return moment + min(self._differences)
