"""Listeners of alerts, and the one place that tells them."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from matcher.alerts.alert import Alert
from matcher.process.child_process import place_of

_LOG = logging.getLogger(__name__)


class AlertListener(Protocol):
    """Told after an alert or a review is durable, from the thread that made it: so it must not block."""

    def alert_raised(self, alert: Alert) -> None:
        """There is a new alert."""
        ...

    def alert_reviewed(self, alert: Alert) -> None:
        """Somebody reviewed the alert, which is given as it stands now."""
        ...


class AlertAnnouncer:
    """Tells every listener. A listener's error is logged: the alert is kept, and its caller must not believe otherwise.

    Listeners are added before alerts come; telling is safe from several threads.
    """

    def __init__(self) -> None:
        self._listeners: tuple[AlertListener, ...] = ()

    def add(self, listener: AlertListener, known: Iterable[Alert]) -> None:
        """From now on the listener is told; at once, of the alerts that are known."""
        self._listeners += (listener,)
        for alert in known:
            self._tell(listener.alert_raised, alert)

    def raised(self, alert: Alert) -> None:
        """Tells of a new alert."""
        for listener in self._listeners:
            self._tell(listener.alert_raised, alert)

    def reviewed(self, alert: Alert) -> None:
        """Tells of a reviewed alert."""
        for listener in self._listeners:
            self._tell(listener.alert_reviewed, alert)

    @staticmethod
    def _tell(told: Callable[[Alert], None], alert: Alert) -> None:
        try:
            told(alert)
        except Exception as error:  # noqa: BLE001 - the alert is durable, whatever a listener does
            _LOG.warning("A listener of alerts met an error (%s).", place_of(error))
