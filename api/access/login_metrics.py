"""Metrics of logins by their result, without accounts."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class LoginOutcome(StrEnum):
    """The result of an attempt to log in: a session, or the reason of the refusal. A refused proof of identity, for a
    change of password or second factor, counts too."""

    ACCEPTED = "accepted"
    CREDENTIALS = "credentials"
    SECOND_FACTOR = "second_factor"
    THROTTLED = "throttled"
    BUSY = "busy"


class LoginMetrics:
    """The logins' metrics in one registry. Safe to use from several threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._logins = Counter(
            "clearglass_logins",
            "Attempts to log in, by how they ended: accepted; or refused for wrong credentials, a wrong code"
            " (second_factor), too many failures before it (throttled), or too many at that moment (busy).",
            ("outcome",),
            registry=registry,
        )
        for outcome in LoginOutcome:
            self._logins.labels(outcome.value)

    def count(self, outcome: LoginOutcome) -> None:
        """Counts an attempt."""
        self._logins.labels(outcome.value).inc()
