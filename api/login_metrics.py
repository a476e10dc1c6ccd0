"""What Prometheus may know of logins: how many were accepted and refused, and why. Never of whom."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class Refusal(StrEnum):
    """Why a login was refused."""

    CREDENTIALS = "credentials"
    SECOND_FACTOR = "second_factor"
    THROTTLED = "throttled"
    BUSY = "busy"


class LoginMetrics:
    """The logins' metrics in one registry. Safe to use from several threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = Counter("clearglass_logins_accepted", "Logins that began a session.", registry=registry)
        self._refused = Counter(
            "clearglass_logins_refused",
            "Logins refused: wrong name or password, wrong code, too many before it, too many at that moment.",
            ("reason",),
            registry=registry,
        )
        for reason in Refusal:
            self._refused.labels(reason.value)

    def accepted(self) -> None:
        """Counts one."""
        self._accepted.inc()

    def refused(self, reason: Refusal) -> None:
        """Counts one."""
        self._refused.labels(reason.value).inc()
