"""Metrics of the connections that the service closed, by reason."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class Ended(StrEnum):
    """Why the service closed or refused a connection."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    ROOM = "room"
    FULL = "full"


class ConnectionMetrics:
    """Counters in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "clearglass_connections_ended",
            "Connections that the service closed or refused: a head, a body or the taking of an answer was too slow; "
            "room was made for another client; full.",
            ("reason",),
            registry=registry,
        )
        for reason in Ended:
            self._ended.labels(reason.value)

    def ended(self, reason: Ended) -> None:
        """Counts a connection."""
        self._ended.labels(reason.value).inc()
