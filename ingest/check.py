"""What does this camera send? Looks at a stream for some time and says what arrives and what its faces are like.

Nothing is searched for and nothing is kept: faces are only measured. `ingest.suitability` judges what comes out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.address import AddressPolicy, split_address
from ingest.camera import Credentials
from ingest.face_measures import FaceMeasures
from ingest.receiver import Receiver
from ingest.source import CameraStreamError, MeasuringSource, StreamInfo
from ingest.stream_measures import StreamMeasures
from matcher.errors import ClearglassError
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

LOOKS_PER_SECOND = 2.0
RECONNECT_SECONDS = 1.0
"""Pause before a stream that broke is taken up again."""

POLL_SECONDS = 0.1
"""How long to wait for a packet before the time is looked at."""


@dataclass(frozen=True, kw_only=True)
class CameraCheck:
    """What a stream brought. frame_rate: frames a second. bitrate: bits a second. Both are 0 when fewer than two
    frames came. eye distance: pixels.

    missing: frames that the stamps of those around them leave room for. damaged: those that could not be decoded, or
    only in pieces. interruptions: times the stream broke. faces: detections in all frames looked at, one person in ten
    frames being ten. usable: those that the quality gate accepts; refused: why the others were not. Medians are over
    all faces, as `Quality` has them: yaw to either side. pitch: as `close_look.nod` measures it, which is less than it
    is; positive when heads are seen from above. quantiser:
    how hard H.264 was compressed where faces are, or everywhere if there are none; None when that cannot be told.
    """

    codec: str
    width: int
    height: int
    seconds: float
    frames: int
    frame_rate: float
    bitrate: float
    longest_gap_seconds: float
    missing: int
    damaged: int
    interruptions: int
    looked_at: int
    faces: int
    usable: int
    refused: dict[str, int]
    eye_distance_median: float | None
    sharpness_median: float | None
    yaw_median: float | None
    pitch_median: float | None
    brightness_median: float | None
    quantiser_median: float | None

    @property
    def bits_per_pixel(self) -> float:
        """Of each frame, on the average."""
        return self.bitrate / max(self.width * self.height * self.frame_rate, 1e-6)

    @property
    def lost_share(self) -> float:
        """Frames that are missing or damaged, of all that there should be; 0 to 1."""
        return min((self.missing + self.damaged) / max(self.frames + self.missing, 1), 1.0)


def check_camera(
    address: str,
    *,
    policy: AddressPolicy,
    seconds: float = 10.0,
    credentials: Credentials | None = None,
    local: bool = False,
    recogniser: Recogniser | None = None,
    gate: QualityGate | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CameraCheck:
    """Looks at a stream for so many seconds. A login may stand in the address. A stream that breaks is taken up again.

    progress: called with seconds gone and seconds in all. Raises what `AddressPolicy.locate` and `Source` raise, unless
    something has arrived before.
    """
    from ingest.av_source import AvSource

    place, found = split_address(address)
    location = policy.locate(place, local=local)
    if recogniser is None:
        from matcher.recognition.pipeline import load_recogniser

        recogniser = load_recogniser(embedders=False)
    faces = FaceMeasures(recogniser, gate or QualityGate())
    return look_through(
        lambda: AvSource(location, credentials or found, measuring=True),
        faces,
        seconds=seconds,
        endless=location.path is None,
        progress=progress,
    )


def look_through(
    open_source: Callable[[], MeasuringSource],
    faces: FaceMeasures,
    *,
    seconds: float,
    endless: bool,
    progress: Callable[[int, int], None] | None = None,
) -> CameraCheck:
    """Looks for so many seconds, over however many connections, each of a source of its own.

    endless: it is no file, which may end. progress, errors: see `check_camera`.
    """
    look = _Look(faces, seconds, progress, endless=endless)
    while look.time_left:
        look.tell()
        if not look.through(open_source()):
            break
        time.sleep(RECONNECT_SECONDS)
    look.tell()
    return look.result()


class _Look:
    """One check while it runs."""

    def __init__(
        self, faces: FaceMeasures, seconds: float, progress: Callable[[int, int], None] | None, *, endless: bool
    ) -> None:
        self._faces = faces
        self._stream = StreamMeasures()
        self._seconds = seconds
        self._endless = endless
        self._progress = progress
        self._info: StreamInfo | None = None
        self._began: float | None = None
        self._look_due = 0.0
        self._damaged = 0

    @property
    def time_left(self) -> bool:
        """Whether to look on."""
        return self._gone() < self._seconds

    def tell(self) -> None:
        """Says how far it is."""
        if self._progress is not None:
            self._progress(min(round(self._gone()), round(self._seconds)), round(self._seconds))

    def through(self, source: MeasuringSource) -> bool:
        """Looks until the time is over or the stream ends; whether it broke. Raises why, if nothing ever came."""
        try:
            self._info = source.open()
            if self._began is None:
                self._began = time.monotonic()
            self._follow(source)
            if self._endless and self.time_left:
                raise CameraStreamError(
                    "The camera ended its stream.", remedy="Check its power, and whether it allows another viewer."
                )
        except ClearglassError:
            if not self._stream.frames:
                raise
            self._stream.broke()
            return True
        finally:
            self._damaged += source.damaged
            source.close()
        return False

    def _follow(self, source: MeasuringSource) -> None:
        receiver = Receiver(source, self._stream)
        receiver.start()
        try:
            while self.time_left and not receiver.over:
                self.tell()
                self._take(receiver)
        finally:
            receiver.stop()
        receiver.raise_failure()

    def _take(self, receiver: Receiver) -> None:
        received = receiver.next(POLL_SECONDS)
        if received is None:
            return
        packet, torn = received
        frame = packet.decode(torn)
        # What waits is decoded first: to look at old pictures would have more and more of them wait.
        if frame is not None and packet.arrived >= self._look_due and not receiver.waiting:
            self._look_due = packet.arrived + 1 / LOOKS_PER_SECOND
            self._faces.look(frame)

    def _gone(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def result(self) -> CameraCheck:
        """What came of it."""
        assert self._info is not None  # noqa: S101 - `through` raises when nothing was opened
        stream, faces = self._stream, self._faces
        stream.end(time.monotonic())
        return CameraCheck(
            codec=self._info.codec,
            width=self._info.width,
            height=self._info.height,
            seconds=self._gone(),
            frames=stream.frames,
            frame_rate=stream.frame_rate,
            bitrate=stream.bitrate,
            longest_gap_seconds=stream.longest_gap,
            missing=stream.missing,
            damaged=self._damaged,
            interruptions=stream.interruptions,
            looked_at=faces.looked_at,
            faces=faces.faces,
            usable=faces.usable,
            refused=dict(faces.refused),
            eye_distance_median=faces.middle("eye_distance"),
            sharpness_median=faces.middle("sharpness"),
            yaw_median=faces.yaw,
            pitch_median=faces.pitch,
            brightness_median=faces.middle("brightness"),
            quantiser_median=faces.quantiser,
        )
