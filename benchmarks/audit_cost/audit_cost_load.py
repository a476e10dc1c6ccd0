"""Clients that send identifications as fast as they are answered, and the time of each answer."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from matcher.probe.probe import Probe, Query


class Asked(Protocol):
    """An identifier, or a substitute."""

    def identify(self, probe: Probe, query: Query) -> object:
        """Answers."""
        ...


@dataclass(kw_only=True)
class Timings:
    """seconds: the time of each identification, over all turns. rates: identifications a second, of each turn."""

    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def milliseconds(self, percent: float) -> float:
        """That percentile of the latency."""
        return float(np.percentile(self.seconds, percent)) * 1000

    @property
    def rate(self) -> float:
        """The turns' median."""
        return float(np.median(self.rates))


def ask(identifier: Asked, probes: Sequence[Probe], query: Query, *, clients: int, seconds: float) -> Timings:
    """One turn of this number of threads, each of which takes the probes from its own position on. Raises a client's
    error."""
    together = threading.Barrier(clients)

    def client(number: int) -> list[float]:
        taken: list[float] = []
        together.wait()
        until, at = time.perf_counter() + seconds, number * len(probes) // clients
        while (began := time.perf_counter()) < until:
            identifier.identify(probes[at % len(probes)], query)
            taken.append(time.perf_counter() - began)
            at += 1
        return taken

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        latencies = [one for taken in threads.map(client, range(clients)) for one in taken]
    return Timings(seconds=latencies, rates=[len(latencies) / (time.perf_counter() - began)])
