"""The exchange of messages between one camera's keeper and one worker, from the worker's start to its end."""

import time
from datetime import datetime

from ingest.camera.camera import Camera
from ingest.messages.channel import Channel
from ingest.messages.message import (
    Forget,
    FromWorker,
    Identified,
    Loading,
    Passed,
    Pause,
    Report,
    Retiring,
    Sighting,
    Start,
    Stop,
    View,
    Watching,
)
from ingest.relay.camera_relays import CameraRelays
from ingest.settings import IngestSettings
from ingest.supervision.allowance import allowances
from ingest.supervision.health_record import HealthRecord
from ingest.supervision.listeners import Listeners
from ingest.supervision.orders import Orders
from ingest.supervision.sighting_search import SightingSearch
from ingest.supervision.worker_clock import WorkerClock

TICK = 0.1
STOP_SECONDS = 2.0


class WorkerSilentError(Exception):
    """The worker sent no message for too long."""


class WorkerFloodError(Exception):
    """The worker sent more messages than allowed."""


class Dialogue:
    """Owned by the keeper's thread, which never waits for the worker. Search, health and orders outlive it.

    loading: the worker loads its models, and may be silent for that long. retiring: it ends because no pictures came
    for long.
    """

    def __init__(
        self,
        channel: Channel[FromWorker],
        relays: CameraRelays,
        *,
        camera: Camera,
        settings: IngestSettings,
        orders: Orders,
        search: SightingSearch,
        health: HealthRecord,
        listeners: Listeners,
    ) -> None:
        self._channel = channel
        self._relays = relays
        self._settings = settings
        self._orders = orders
        self._search = search
        self._health = health
        self._listeners = listeners
        self.loading = False
        self.retiring = False
        self._told_watched = False
        self._paused_until: dict[int, datetime | None] = {}
        """By stream, the end of the pause that the worker was last sent."""
        self._clock = WorkerClock()
        self._allowances = allowances(camera, settings)
        """The allowances of messages, by kind."""

    def hold(self, start: Start) -> None:
        """Receives and answers until the order to end. Raises ChannelClosedError, WorkerSilentError or
        WorkerFloodError."""
        self._channel.send(start)
        heard, patience = time.monotonic(), self._settings.startup_seconds
        while not self._orders.end.is_set():
            self.pass_on()
            self._channel.flush()
            messages = self._channel.receive(TICK)
            received = time.monotonic()
            for message in messages:
                if self._orders.end.is_set():
                    break
                self._require_allowed(message, received)
                self.take(message, received)
            if messages:
                heard = time.monotonic()
                patience = self._settings.startup_seconds if self.loading else self._settings.silence_seconds
            elif time.monotonic() - heard > patience:
                raise WorkerSilentError
        self._ask_to_end()

    def pass_on(self) -> None:
        """Sends the orders for the worker, and the pauses of its relays."""
        if self._told_watched != self._orders.watched:
            self._told_watched = self._orders.watched
            self._channel.send(Watching(on=self._told_watched))
        self._pass_on_forgotten()
        self._pass_on_pauses()

    def take(self, message: FromWorker, received: float) -> None:
        """Does what the worker's message asks for. received: when it came, in seconds of time.monotonic()."""
        self.loading = isinstance(message, Loading)
        if isinstance(message, Report):
            self._clock.heard(sent=message.sent, received=received)
            self._health.reported(message, self._relays, self._search.error)
        elif isinstance(message, Sighting):
            self._clock.heard(sent=message.sent, received=received)
            subject_id = self._identify(message)
            self._channel.send(Identified(passage=message.passage, search=message.search, subject_id=subject_id))
        elif isinstance(message, View):
            self._listeners.viewed(message)
        elif isinstance(message, Passed):
            self._search.passed(message.passage)
        elif isinstance(message, Retiring):
            self.retiring = True

    def _pass_on_forgotten(self) -> None:
        """Called after every answer was sent: the worker then receives an answer before the order to forget its
        subject."""
        while (subject_id := self._orders.next_forgotten()) is not None:
            self._search.forget(subject_id)
            self._channel.send(Forget(subject_id=subject_id))

    def _pass_on_pauses(self) -> None:
        """Makes the worker wait with its next attempt until the pause of its relays is over."""
        for stream, (wait, retry_at) in enumerate(zip(self._relays.waits, self._relays.retries_at, strict=True)):
            if wait and self._paused_until.get(stream) != retry_at:
                self._paused_until[stream] = retry_at
                self._channel.send(Pause(stream=stream, seconds=wait))

    def _ask_to_end(self) -> None:
        """Asks the worker to end and gives it time to close its stream; the caller kills a worker that does not end."""
        self._channel.send(Stop())
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            self._channel.flush()
            # Raises ChannelClosedError when the worker has ended. Its last messages are ignored.
            self._channel.receive(TICK)

    def _require_allowed(self, message: FromWorker, received: float) -> None:
        """Raises WorkerFloodError when a worker sends more than a correct worker ever does."""
        allowance = self._allowances.get(type(message))
        if allowance is not None and not allowance.take(received):
            raise WorkerFloodError

    def _identify(self, sighting: Sighting) -> str | None:
        """Searches, and notifies the listeners; returns the subject found, or None."""
        began = time.monotonic()
        self._health.stopwatch.add("pass on", began - self._clock.here(sighting.sent))
        searched = self._search.search(sighting)
        decided = time.monotonic()
        self._health.stopwatch.add("identify", decided - began)
        self._listeners.decided(decided - self._clock.here(sighting.arrived), searched.outcome)
        return searched.subject_id
