"""Listeners of alerts, and the one place that notifies them."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from matcher.alerts.alert import Alert
from matcher.process.child_process import place_of

_LOG = logging.getLogger(__name__)


class AlertListener(Protocol):
    """Is notified after an alert or a review is durable, in the thread that made it: so it must not block."""

    def alert_raised(self, alert: Alert) -> None:
        """There is a new alert."""
        ...

    def alert_reviewed(self, alert: Alert) -> None:
        """A person reviewed the alert. alert: with the review included."""
        ...


class AlertAnnouncer:
    """Notifies every listener. A listener's error is logged and not raised, because the alert is stored. Add listeners
    before the first alert; the methods that notify are safe to use from several threads.
    """

    def __init__(self) -> None:
        self._listeners: tuple[AlertListener, ...] = ()

    def add(self, listener: AlertListener, known: Iterable[Alert]) -> None:
        """Adds the listener, and notifies it at once of each of these alerts."""
        self._listeners += (listener,)
        for alert in known:
            self._tell(listener.alert_raised, alert)

    def raised(self, alert: Alert) -> None:
        """Notifies every listener of a new alert."""
        for listener in self._listeners:
            self._tell(listener.alert_raised, alert)

    def reviewed(self, alert: Alert) -> None:
        """Notifies every listener of a reviewed alert."""
        for listener in self._listeners:
            self._tell(listener.alert_reviewed, alert)

    @staticmethod
    def _tell(told: Callable[[Alert], None], alert: Alert) -> None:
        try:
            told(alert)
        except Exception as error:  # noqa: BLE001 - the alert is durable, whatever a listener does
            _LOG.warning("A listener of alerts raised an error (%s).", place_of(error))
