"""Contestants take turns, A B A B …, so that other load on the machine affects all of them equally."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

Contestant = Callable[[], object]
"""One call is one measurement; its result is dropped."""


def alternate(
    contestants: Mapping[str, Contestant],
    *,
    rounds: int,
    seconds: float = 0.0,
    advance: Callable[[float], None] | None = None,
) -> dict[str, list[float]]:
    """Seconds a call took, in the mean over its turn, by contestant and round.

    Each first takes one turn that does not count. rounds: how many turns each gets. seconds: a turn repeats its call
    until this time has passed, for calls too short to be timed alone. advance: called after each turn.
    """
    for contestant in contestants.values():
        contestant()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            times[name].append(_turn(contestant, seconds))
            if advance is not None:
                advance(1)
    return times


def ratio(slower: Sequence[float], faster: Sequence[float]) -> float:
    """The ratio of the first one's time to the second one's: the median of the rounds' ratios."""
    return median(one / other for one, other in zip(slower, faster, strict=True))


def _turn(contestant: Contestant, seconds: float) -> float:
    calls, began = 0, time.perf_counter()
    while True:
        contestant()
        calls += 1
        elapsed = time.perf_counter() - began
        if elapsed >= seconds:
            return elapsed / calls
