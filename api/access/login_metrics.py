"""What Prometheus may know of logins: how they ended. Never whose they were."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class LoginOutcome(StrEnum):
    """How an attempt to log in ended: with a session, or refused, and why. A refused proof of who is logged in, for a
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
        """Counts one."""
        self._logins.labels(outcome.value).inc()
