"""One camera's worker process: `python -m ingest.worker FD TURNSTILE`, started by the camera's keeper.

It talks to the keeper over FD, and takes turns with the other cameras' workers at TURNSTILE.

Two threads, or three with a substream. A reader keeps its stream open and receives it; the main thread decodes and
analyses the newest frame when it is due and the machine has a core for it, talks to the service, and is the one whose
silence the keeper takes as a hang. It keeps an eye on the readers itself. A decoder that crashes or hangs takes this
process with it, and nothing else.
"""

import contextlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ingest.backoff import Backoff
from ingest.channel import Channel, ChannelClosedError
from ingest.frame import Frame
from ingest.health import CameraState, Health
from ingest.message import Forget, Identified, Report, Start, Stop, ToWorker, Watching
from ingest.pace import Pace
from ingest.passage import SearchRule
from ingest.rates import Rates
from ingest.reader import Reader
from ingest.source import Source
from ingest.stopwatch import Stopwatch
from ingest.streams import Streams
from ingest.turnstile import Turnstile
from ingest.view import make_view
from ingest.watch import Looked, Watch
from matcher.child_process import die_with_parent
from matcher.recognition.face import Box, Face
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

REPORT_SECONDS = 0.5
STUCK_SECONDS = 15.0
"""A reader that shows no life for so long hangs inside a library, where no timeout reaches."""

TURN_SECONDS = 0.1
"""How long to wait for a turn before the service is listened to again."""

NICER = 5

FEW_BYTES = 1 << 16
"""A view is skipped while more than this has not been taken by the service: old views help nobody."""

WARM_UP_FACES = 4
"""More than go through a network at once."""


class StuckReaderError(Exception):
    """The reader thread hangs: the process must go."""


class Worker:
    """The main thread's work."""

    def __init__(
        self, channel: Channel, start: Start, recogniser: Recogniser, streams: Streams, turnstile: Turnstile
    ) -> None:
        settings, camera = start.settings, start.camera
        self._channel = channel
        self._camera = camera
        self._settings = settings
        self._streams = streams
        self._turnstile = turnstile
        self._stopwatch = Stopwatch()
        self._watch = Watch(
            recogniser,
            gate=QualityGate(min_eye_distance=camera.min_eye_distance),
            rule=SearchRule(
                better_by=settings.better_by,
                unmatched_again=settings.search_again_seconds,
                matched_again=settings.confirm_again_seconds,
            ),
            gap=settings.passage_gap_seconds,
            stopwatch=self._stopwatch,
        )
        self._rates = Rates()
        self._watched = False
        self._stopping = False
        self._analysed = 0
        self._passages = 0
        self._view_due = 0.0

    def run(self) -> None:
        """Works until it is told to stop. Raises ChannelClosedError when the service has gone."""
        report_due = time.monotonic()
        pace = Pace(period=1.0 / self._camera.analysed_fps, moment=report_due)
        state = None
        while not self._stopping:
            now = time.monotonic()
            if now >= report_due or self._streams.state is not state:
                state = self._streams.state
                report_due = now + REPORT_SECONDS
                self._report(now)
            self._receive(min(pace.due, report_due) - now)
            now = time.monotonic()
            if now < pace.due:
                continue
            hurried = pace.behind(now)
            if not self._streams.wait(min(pace.period, 0.05)):
                self._pass_on_expired()
                pace.waited(time.monotonic())
            elif self._turnstile.enter(TURN_SECONDS):
                try:
                    looked = self._analyse(hurried=hurried)
                finally:
                    self._turnstile.leave()
                if looked:
                    pace.analysed(time.monotonic())
                else:
                    pace.waited(time.monotonic())

    def _receive(self, timeout: float) -> None:
        self._channel.flush()
        self.take(self._channel.receive(timeout))

    def take(self, messages: Sequence[ToWorker]) -> None:
        """Does what the service says."""
        for message in messages:
            if isinstance(message, Identified):
                self._watch.identified(message)
            elif isinstance(message, Forget):
                self._watch.forget(message.subject_id)
            elif isinstance(message, Watching):
                self._watched = message.on
            elif isinstance(message, Stop):
                self._stopping = True

    def _analyse(self, *, hurried: bool) -> bool:
        """Decodes and looks at the newest frame; whether there was one."""
        with self._stopwatch.timed("decode"):
            now = time.monotonic()
            frame = self._streams.take(now, samples=self._watch.wants_samples(now, hurried=hurried))
        if frame is None:
            return False
        looked = self._watch.look(frame, hurried=hurried)
        self._analysed += 1
        self._passages += len(looked.passed)
        for message in (*looked.sightings, *looked.passed):
            self._channel.send(message)
        now = time.monotonic()
        if self._watched and now >= self._view_due and self._channel.unsent < FEW_BYTES:
            self._view_due = max(self._view_due + 1.0 / self._settings.view_fps, now - 1.0)
            self._show(frame, looked)
        return True

    def _show(self, frame: Frame, looked: Looked) -> None:
        with self._stopwatch.timed("view"):
            view = make_view(frame, looked.picture, looked.seen, width=self._settings.view_width)
        self._channel.send(view)

    def _pass_on_expired(self) -> None:
        for passed in self._watch.expire(time.monotonic()):
            self._passages += 1
            self._channel.send(passed)

    def _report(self, now: float) -> None:
        streams = self._streams
        if streams.silent_for(now) > STUCK_SECONDS:
            raise StuckReaderError("The camera's stream reader hung and was ended.")
        received = streams.bytes
        frame_rate, bitrate, analysed_rate = self._rates.read(now, streams.frames, received * 8, self._analysed)
        health = Health(
            camera_id=self._camera.id,
            state=streams.state,
            width=streams.size[0],
            height=streams.size[1],
            frame_rate=frame_rate,
            bitrate=bitrate,
            analysed_rate=analysed_rate,
            newest_frame_age=None if streams.newest is None else max(0.0, now - streams.newest),
            frames=streams.frames,
            analysed=self._analysed,
            dropped=streams.dropped,
            bytes=received,
            reconnects=streams.reconnects,
            passages=self._passages,
            refused=dict(self._watch.refused),
            error=streams.error,
        )
        self._channel.send(Report(health=health, stages=self._stopwatch.handed_over()))


def work(channel: Channel, turnstile: Turnstile, start: Start, early: Sequence[ToWorker]) -> None:
    """Starts the readers, loads the models meanwhile, and works. early: messages that came along with the first."""
    settings, camera = start.settings, start.camera

    def open_source(address: str) -> Source:
        from ingest.av_source import AvSource

        # What is kept was checked for who added it; networks are checked again, since a name may point elsewhere now.
        location = settings.address_policy().locate(address, local=True)
        return AvSource(
            location, camera.credentials, open_seconds=settings.open_seconds, stall_seconds=settings.stall_seconds
        )

    def reader(address: str) -> Reader:
        backoff = Backoff(first=settings.backoff_first_seconds, cap=settings.backoff_cap_seconds)
        return Reader(partial(open_source, address), backoff=backoff)

    streams = Streams(reader(camera.address), None if camera.substream is None else reader(camera.substream))
    streams.start()
    # On Linux of this thread alone: the readers, the service and its searches come first, and they take little.
    os.nice(NICER)
    try:
        import cv2

        cv2.setNumThreads(1)
        recogniser = start.recogniser_factory()
        warm_up(recogniser)
        worker = Worker(channel, start, recogniser, streams, turnstile)
        worker.take(early)
        worker.run()
    finally:
        streams.stop(1.0)


def warm_up(recogniser: Recogniser) -> None:
    """Has every model loaded before the first frame: a person's first search must not wait for that.

    And has it work through several faces, so that its memory is as large as it will become.
    """
    blank = np.full((160, 160, 3), 127, np.uint8)
    landmarks = np.array([[60, 65], [100, 65], [80, 85], [65, 105], [95, 105]], np.float32)
    face = Face(box=Box(x=40, y=30, width=80, height=100), landmarks=landmarks, score=1.0)
    recogniser.detect([blank])
    recogniser.assess([blank], [face])
    recogniser.extract([blank] * WARM_UP_FACES, [face] * WARM_UP_FACES)


def main() -> None:
    """The process: ends with status 0 when told to stop or when the service has gone, 1 when something broke."""
    # Ctrl-C in a terminal reaches the whole group; the service decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), trusting=True)
    status = 0
    start: Start | None = None
    try:
        messages: list[ToWorker] = []
        while not messages:
            messages = channel.receive(60.0)
        assert isinstance(messages[0], Start)  # noqa: S101 - the keeper's first message
        start = messages[0]
        work(channel, Turnstile(int(sys.argv[2])), start, messages[1:])
        channel.flush(1.0)
    except ChannelClosedError:
        pass
    except Exception as error:  # noqa: BLE001 - the top of a supervised process
        status = 1
        _confess(channel, start, error)
    # Not sys.exit: a reader stuck in a library must not keep the process.
    os._exit(status)


def _confess(channel: Channel, start: Start | None, error: Exception) -> None:
    """Says what broke: our own words, or the kind of error and its place; other libraries' words may hold secrets."""
    text = str(error)
    if not isinstance(error, StuckReaderError):
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"The camera's worker broke: {type(error).__name__} in {Path(last.filename).name}:{last.lineno}."
    health = Health(camera_id=start.camera.id if start else "", state=CameraState.RESTARTING, error=text)
    with contextlib.suppress(ChannelClosedError):
        channel.send(Report(health=health))
        channel.flush(1.0)


if __name__ == "__main__":
    main()
