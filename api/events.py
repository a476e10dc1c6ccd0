"""Distributes events to all listeners: a newer event replaces an unread older one, so that no listener has a
backlog."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from ingest.camera.health import Health
from ingest.messages.message import View
from matcher.alerts.alert import Alert
from matcher.people.change import Change

_ALERTS = 256
_POLL_SECONDS = 10.0
_STALE_SECONDS = 2.0
_VIEWS = 8  # of each camera: more than a second of them, for clients that fetch the picture of an event

Watching = Callable[[str, bool], None]
"""Tells a camera's worker if its live view has viewers."""


@dataclass(frozen=True, kw_only=True)
class Viewed:
    """A camera has a new live view."""

    camera_id: str
    view: View


@dataclass(frozen=True, kw_only=True)
class Raised:
    """A new alert."""

    name: ClassVar[str] = "alert"
    alert: Alert


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """An alert that was reviewed."""

    name: ClassVar[str] = "review"
    alert: Alert


Event = Viewed | Health | Raised | Reviewed


class Subscription:
    """One listener's unread events: the newest view and health of each camera, and the last alerts."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, views: bool) -> None:
        self.views = views
        self._loop = loop
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._views: dict[str, Viewed] = {}
        self._healths: dict[str, Health] = {}
        self._alerts: deque[Raised | Reviewed] = deque(maxlen=_ALERTS)
        self._closed = False

    def put(self, event: Event) -> None:
        """Adds an event; from any thread. It replaces an unread one of the same camera."""
        with self._lock:
            if isinstance(event, Viewed):
                if not self.views:
                    return
                self._views[event.camera_id] = event
            elif isinstance(event, Health):
                self._healths[event.camera_id] = event
            else:
                self._alerts.append(event)
        self._wake()

    def forget(self, subject_id: str) -> None:
        """Drops unread views that show this subject; from any thread."""
        with self._lock:
            self._views = {
                camera: viewed for camera, viewed in self._views.items() if not _shows(viewed.view, subject_id)
            }

    def close(self) -> None:
        """Ends the subscription; from any thread."""
        self._closed = True
        self._wake()

    @property
    def closed(self) -> bool:
        """True if the service is ending it."""
        return self._closed

    async def take(self, timeout: float) -> list[Event]:
        """All unread events, alerts first; empty after `timeout` seconds without one, or at the end."""
        try:
            await asyncio.wait_for(self._ready.wait(), timeout)
        except TimeoutError:
            return []
        self._ready.clear()
        with self._lock:
            events: list[Event] = [*self._alerts, *self._healths.values(), *self._views.values()]
            self._alerts.clear()
            self._healths.clear()
            self._views.clear()
        return events

    def _wake(self) -> None:
        # The loop may be closed already when a keeper's last event arrives during shutdown.
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:
            self._closed = True


class EventHub:
    """Observer of the cameras, AlertListener and Follower of the gallery; browsers listen here. Thread-safe.

    Keeps each camera's newest health, and its last few views in memory only while there are viewers. Workers are told
    to make views, or not to, by the present state (a view without a viewer, a viewer without views), so that a
    restarted worker, or two orders that cross, are corrected within a second.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._polled: dict[str, float] = {}
        self._views: dict[str, deque[View]] = {}
        self._viewed: dict[str, float] = {}
        self._healths: dict[str, Health] = {}
        self._closed = False
        self._watching: Watching | None = None

    def on_watching(self, watching: Watching) -> None:
        """Sets the function to call when a camera gets its first viewer or loses its last."""
        self._watching = watching

    def viewed(self, camera_id: str, view: View) -> None:
        """A worker made a live view."""
        with self._lock:
            wanted = self._wanted(camera_id)
            if wanted:
                self._views.setdefault(camera_id, deque(maxlen=_VIEWS)).append(view)
                self._viewed[camera_id] = self._now()
            else:
                self._views.pop(camera_id, None)
        if wanted:
            self._spread(Viewed(camera_id=camera_id, view=view))
        else:
            self._watch([camera_id], on=False)

    def reported(self, camera_id: str, health: Health) -> None:
        """A camera's health, at least once a second."""
        with self._lock:
            self._healths[camera_id] = health
            stale = self._now() - self._viewed.get(camera_id, float("-inf")) > _STALE_SECONDS
            ask = stale and self._wanted(camera_id)
            if stale:
                self._views.pop(camera_id, None)
        self._spread(health)
        if ask:
            self._watch([camera_id], on=True)

    def alert_raised(self, alert: Alert) -> None:
        """See AlertListener."""
        self._spread(Raised(alert=alert))

    def alert_reviewed(self, alert: Alert) -> None:
        """See AlertListener."""
        self._spread(Reviewed(alert=alert))

    def apply(self, change: Change) -> None:
        """See Follower. Views that show a subject whose consent ended are dropped: in them the face is not blurred."""
        if not change.ends_consent:
            return
        with self._lock:
            for views in self._views.values():
                shown = [view for view in views if not _shows(view, change.subject_id)]
                if len(shown) < len(views):
                    views.clear()
                    views.extend(shown)
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.forget(change.subject_id)

    def forget(self, camera_id: str) -> None:
        """The camera was removed."""
        with self._lock:
            self._views.pop(camera_id, None)
            self._viewed.pop(camera_id, None)
            self._healths.pop(camera_id, None)
            self._polled.pop(camera_id, None)

    def view(self, camera_id: str, number: int | None = None) -> View | None:
        """The camera's newest live view; the call counts as a viewer for some seconds. number: of a frame; then that
        frame's view if it is among the last few, so that a picture and its boxes belong together.
        """
        with self._lock:
            self._polled[camera_id] = self._now() + _POLL_SECONDS
            kept = list(self._views.get(camera_id, ()))
        if not kept:
            self._watch([camera_id], on=True)
        return next((view for view in reversed(kept) if number in {None, view.number}), None)

    def health(self, camera_id: str) -> Health | None:
        """The camera's newest health."""
        with self._lock:
            return self._healths.get(camera_id)

    @contextmanager
    def subscription(self, *, views: bool) -> Iterator[Subscription]:
        """Subscribes until the block ends, beginning with the newest events of every camera. Needs a running event
        loop."""
        subscription = Subscription(asyncio.get_running_loop(), views=views)
        with self._lock:
            known: list[Event] = list(self._healths.values())
            if views:
                known += [Viewed(camera_id=camera, view=kept[-1]) for camera, kept in self._views.items() if kept]
            cameras = list(self._healths)
            self._subscriptions.add(subscription)
            if self._closed:
                subscription.close()
        for event in known:
            subscription.put(event)
        if views:
            self._watch(cameras, on=True)
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends every subscription; later ones end immediately."""
        with self._lock:
            self._closed = True
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.close()

    def _wanted(self, camera_id: str) -> bool:
        if self._polled.get(camera_id, float("-inf")) > self._now():
            return True
        return any(subscription.views for subscription in self._subscriptions)

    def _spread(self, event: Event) -> None:
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            subscription.put(event)

    def _watch(self, cameras: list[str], *, on: bool) -> None:
        # Never under the lock: the supervisor has locks of its own, and calls back into this class.
        if self._watching is not None:
            for camera_id in cameras:
                self._watching(camera_id, on)


def _shows(view: View, subject_id: str) -> bool:
    return any(box.subject_id == subject_id for box in view.boxes)
