"""One camera's worker process: `python -m ingest.worker.worker FD CPU_SLOTS`, started by the camera's keeper.

It exchanges messages with the keeper over FD, and takes turns with the other cameras' workers by the file CPU_SLOTS. It
confines itself before it opens anything (`matcher.process.sandbox`) and loads its models only when the first packet of
its stream came. When the stream was not live for IDLE_SECONDS it ends, and the keeper starts another process, without
models, in its place.

It has two threads, or three with a substream. A reader keeps its stream open and receives it. The main thread decodes
and analyses the newest frame when it is due, and talks to the service. If it sends nothing for too long, the keeper
treats it as hung. The main thread watches the readers itself. A decoder that crashes or hangs ends this process and
nothing else.
"""

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from functools import partial

from ingest.analysis.passage import SearchRule
from ingest.analysis.stopwatch import Stopwatch
from ingest.analysis.watch import Looked, Watch
from ingest.camera.health import CameraState, Health
from ingest.messages.bounds import LONGEST_TEXT
from ingest.messages.channel import Channel, ChannelClosedError
from ingest.messages.message import (
    Forget,
    Identified,
    Loading,
    Pause,
    Report,
    Retiring,
    Start,
    Stop,
    ToWorker,
    Watching,
    to_worker,
)
from ingest.stream.backoff import Backoff
from ingest.stream.frame import Frame
from ingest.stream.reader import Reader
from ingest.stream.source import Source
from ingest.stream.streams import Streams
from ingest.worker.cpu_slots import CpuSlots
from ingest.worker.pace import Pace
from ingest.worker.rates import Rates
from ingest.worker.view import make_view
from matcher.process.child_process import connect, die_with_parent, limit_resources, place_of
from matcher.process.sandbox import MEMORY_LIMIT, restrict
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.warm_up import warm_up

REPORT_SECONDS = 0.5
STUCK_SECONDS = 15.0
"""Seconds without progress after which a reader hangs inside a library, where no timeout applies."""

IDLE_SECONDS = 60.0
"""Seconds without a live stream after which the process ends, to free the memory of its models, 200 MB and more."""

WAIT_SECONDS = 0.1
"""Seconds to wait for a message of the service, while no pictures come, before the stream is checked again."""

TURN_SECONDS = 0.1
"""Seconds to wait for a turn before messages of the service are read again."""

NICER = 5

FEW_BYTES = 1 << 16
"""Views are skipped while the service has more unread bytes than this: old views are useless."""


class StuckReaderError(Exception):
    """The reader thread hangs: the process must end."""


class Worker:
    """The main thread's work."""

    def __init__(self, channel: Channel[ToWorker], start: Start, streams: Streams, cpu_slots: CpuSlots) -> None:
        self._channel = channel
        self._start = start
        self._settings = start.settings
        self._streams = streams
        self._cpu_slots = cpu_slots
        self._stopwatch = Stopwatch()
        self._watch: Watch | None = None
        """None until the models are loaded."""
        self._rates = Rates()
        self._viewed = False
        self._stopping = False
        self._analysed = 0
        self._passages = 0
        self._view_due = 0.0
        self._report_due = time.monotonic()
        self._reported: CameraState | None = None
        self._live_at = self._report_due

    def run(self) -> None:
        """Works until the message to stop, or IDLE_SECONDS without a stream. Raises ChannelClosedError when the service
        has closed the connection."""
        while not self._streams.frames:
            if self._stopping:
                return
            self._report_if_due(time.monotonic())
            self._receive(WAIT_SECONDS)
        self._say(Loading())
        self._watch = watch = self._loaded()
        self._analyse_stream(watch)
        if not self._stopping:
            self._say(Retiring())

    def _loaded(self) -> Watch:
        settings = self._settings
        recogniser = load(self._start)
        return Watch(
            recogniser,
            gate=QualityGate(min_eye_distance=settings.min_eye_distance),
            rule=SearchRule(
                better_by=settings.better_by,
                unmatched_again=settings.search_again_seconds,
                matched_again=settings.confirm_again_seconds,
            ),
            gap=settings.passage_gap_seconds,
            mirrored=self._start.shape.mirrored,
            stopwatch=self._stopwatch,
        )

    def _analyse_stream(self, watch: Watch) -> None:
        """Until the message to stop, or IDLE_SECONDS after the stream was last live."""
        self._live_at = now = time.monotonic()
        connections = self._streams.reconnects
        pace = Pace(period=1.0 / self._settings.analysed_fps, moment=now)
        while not self._stopping:
            now = time.monotonic()
            self._report_if_due(now)
            if now - self._live_at > IDLE_SECONDS:
                return
            if connections != self._streams.reconnects:
                connections = self._streams.reconnects
                watch.reconnected()
            self._receive(min(pace.due, self._report_due) - now)
            now = time.monotonic()
            if now < pace.due:
                continue
            hurried = pace.behind(now)
            if not self._streams.wait(min(pace.period, 0.05)):
                self._pass_on_expired(watch)
                pace.waited(time.monotonic())
            elif self._cpu_slots.enter(TURN_SECONDS):
                try:
                    looked = self._analyse(watch, hurried=hurried)
                finally:
                    self._cpu_slots.leave()
                if looked:
                    pace.analysed(time.monotonic())
                else:
                    pace.waited(time.monotonic())

    def _say(self, message: Loading | Retiring) -> None:
        """Sends it immediately, together with waiting messages."""
        self._channel.send(message)
        self._channel.flush(1.0)

    def _receive(self, timeout: float) -> None:
        self._channel.flush()
        self.handle(self._channel.receive(timeout))

    def handle(self, messages: Sequence[ToWorker]) -> None:
        """Does what the service's messages request."""
        for message in messages:
            if isinstance(message, Identified) and self._watch is not None:
                self._watch.identified(message)
            elif isinstance(message, Forget) and self._watch is not None:
                self._watch.forget(message.subject_id)
            elif isinstance(message, Pause):
                self._streams.pause(message.stream, message.seconds)
            elif isinstance(message, Watching):
                self._viewed = message.on
            elif isinstance(message, Stop):
                self._stopping = True

    def _analyse(self, watch: Watch, *, hurried: bool) -> bool:
        """Decodes and looks at the newest frame; whether there was one."""
        self._stopwatch.start()
        now = time.monotonic()
        frame = self._streams.take(now, samples=watch.wants_samples(now, hurried=hurried))
        self._stopwatch.lap("decode")
        if frame is None:
            return False
        looked = watch.look(frame, hurried=hurried)
        self._analysed += 1
        self._passages += len(looked.passed)
        for message in (*looked.sightings, *looked.passed):
            self._channel.send(message)
        now = time.monotonic()
        if self._viewed and now >= self._view_due and self._channel.unsent < FEW_BYTES:
            self._view_due = max(self._view_due + 1.0 / self._settings.view_fps, now - 1.0)
            self._show(frame, looked, hidden=watch.turned is not None)
        return True

    def _show(self, frame: Frame, looked: Looked, *, hidden: bool) -> None:
        self._stopwatch.start()
        view = make_view(frame, looked.picture, looked.seen, width=self._settings.view_width, hidden=hidden)
        self._stopwatch.lap("view")
        self._channel.send(view)

    def _pass_on_expired(self, watch: Watch) -> None:
        for passed in watch.expire(time.monotonic()):
            self._passages += 1
            self._channel.send(passed)

    def _report_if_due(self, now: float) -> None:
        """Twice a second, and at each change of the stream's state."""
        state = self._streams.state
        if state is CameraState.LIVE:
            self._live_at = now
        if now >= self._report_due or state is not self._reported:
            self._reported = state
            self._report_due = now + REPORT_SECONDS
            self._report(now)

    def _report(self, now: float) -> None:
        streams, watch = self._streams, self._watch
        if streams.silent_for(now) > STUCK_SECONDS + self._settings.stall_seconds:
            raise StuckReaderError("The camera's stream reader hung and was ended.")
        received = streams.bytes
        frame_rate, bitrate, analysed_rate = self._rates.read(now, streams.frames, received * 8, self._analysed)
        health = Health(
            camera_id=self._start.camera_id,
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
            refused={} if watch is None else dict(watch.refused),
            error=_shortened(streams.error),
            turned=None if watch is None else watch.turned,
        )
        self._channel.send(Report(health=health, sent=time.monotonic(), stages=self._stopwatch.handed_over()))


def work(channel: Channel[ToWorker], cpu_slots: CpuSlots, start: Start, early: Sequence[ToWorker]) -> None:
    """Starts the readers and works. early: messages that came along with the first."""
    settings = start.settings

    def open_source(place: str) -> Source:
        from ingest.stream.av_source import AvSource

        return AvSource(
            place,
            name=start.name,
            open_seconds=settings.open_seconds,
            stall_seconds=settings.stall_seconds,
            shape=start.shape,
        )

    def reader(place: str) -> Reader:
        backoff = Backoff(first=settings.backoff_first_seconds, cap=settings.backoff_cap_seconds)
        return Reader(partial(open_source, place), backoff=backoff, open_seconds=settings.open_seconds)

    streams = Streams(*map(reader, start.places))
    streams.start()
    # On Linux this lowers the priority of this thread alone: the readers, the service and its searches come first, and
    # need little.
    os.nice(NICER)
    try:
        worker = Worker(channel, start, streams, cpu_slots)
        worker.handle(early)
        worker.run()
    finally:
        streams.stop(1.0)


def load(start: Start) -> Recogniser:
    """The recogniser with all its models, warmed up."""
    import cv2

    cv2.setNumThreads(1)
    recogniser = start.recogniser_factory()
    warm_up(recogniser)
    return recogniser


def main() -> None:
    """The process: ends with status 0 when told to stop or when the service has gone, 1 when something broke."""
    channel = Channel(connect(), receives=to_worker())
    die_with_parent()
    status = 0
    start: Start | None = None
    try:
        messages: list[ToWorker] = []
        while not messages:
            messages = channel.receive(60.0)
        assert isinstance(messages[0], Start)  # noqa: S101 - the keeper's first message
        start = messages[0]
        limit_resources(data=MEMORY_LIMIT)
        restrict(places=start.places, forbidden=start.forbidden)
        work(channel, CpuSlots(int(sys.argv[2])), start, messages[1:])
        channel.flush(1.0)
    except ChannelClosedError:
        pass
    except Exception as error:  # noqa: BLE001 - the top of a supervised process
        status = 1
        _report_error(channel, start, error)
    # Not sys.exit: a reader stuck in a library must not keep the process.
    os._exit(status)


def _report_error(channel: Channel[ToWorker], start: Start | None, error: Exception) -> None:
    """Reports the error: this project's own message, or the place in the code; other libraries' messages may contain
    secrets."""
    if isinstance(error, StuckReaderError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = f"The camera's worker needed more memory than the {MEMORY_LIMIT >> 20} MiB that it may have."
    else:
        text = f"The camera's worker met an error in its own code ({place_of(error)})."
    health = Health(camera_id=start.camera_id if start else "", state=CameraState.RESTARTING, error=text)
    with contextlib.suppress(ChannelClosedError):
        channel.send(Report(health=health, sent=time.monotonic()))
        channel.flush(1.0)


def _shortened(error: str | None) -> str | None:
    return None if error is None else error[:LONGEST_TEXT]


if __name__ == "__main__":
    main()
