"""Clients that ask for identifications as fast as they are answered, and how long each answer took."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from matcher.identification import Identifier
from matcher.probe import Probe, Query


@dataclass(kw_only=True)
class Timings:
    """seconds: of each answered identification, over all turns. rates: identifications a second, of each turn."""

    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def milliseconds(self, percent: float) -> float:
        """That percentile of the latency."""
        return float(np.percentile(self.seconds, percent)) * 1000

    @property
    def rate(self) -> float:
        """The turns' median."""
        return float(np.median(self.rates))


def ask(identifier: Identifier, probes: Sequence[Probe], query: Query, *, clients: int, seconds: float) -> Timings:
    """One turn of so many threads. Each goes through the probes from a place of its own. Raises what a client raised."""
    taken: list[list[float]] = [[] for _ in range(clients)]
    failures: list[BaseException] = []
    together = threading.Barrier(clients + 1)

    def client(number: int) -> None:
        together.wait()
        until, at = time.perf_counter() + seconds, number * len(probes) // clients
        try:
            while (began := time.perf_counter()) < until:
                identifier.identify(probes[at % len(probes)], query)
                taken[number].append(time.perf_counter() - began)
                at += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if failures:
        raise failures[0]
    latencies = [one for client_s in taken for one in client_s]
    return Timings(seconds=latencies, rates=[len(latencies) / elapsed])
