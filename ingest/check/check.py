"""Measures a camera's stream and its faces for some time. Nothing is searched for and nothing is stored: faces are only
measured. `ingest.check.suitability` judges the measurement.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.analysis.face_measures import FaceMeasures
from ingest.camera.picture_shape import PictureShape
from ingest.stream.receiver import Receiver
from ingest.stream.source import CameraStreamError, CameraUnreachableError, MeasuringSource, StreamInfo
from ingest.stream.stream_measures import StreamMeasures
from matcher.errors import ClearglassError
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

LOOKS_PER_SECOND = 2.0
RECONNECT_SECONDS = 1.0
"""Seconds before a stream that broke is opened again."""

OPENING_GRACE = 5.0
"""Seconds beyond a source's own limits after which its thread counts as hung in a system call."""

POLL_SECONDS = 0.1
"""Seconds to wait for a packet before the time is checked."""


@dataclass(frozen=True, kw_only=True)
class CameraCheck:
    """The measurement of a stream. width, height: pixels of a frame as it is sent. frame_rate: frames a second.
    bitrate: bits a second. Both are 0 when fewer than two frames came. eye distance: pixels.

    damaged: packets and frames with damage of their own, not inherited from others. interruptions: times the stream
    broke. faces: detections in all analysed frames; one person in ten frames counts ten times. usable: those that the
    quality gate accepts; refused: the reasons of the others. Medians are over all faces, as `Quality` has them: yaw to
    either side. pitch: as `close_look.nod` measures it, which is too low; positive when heads are seen from above.
    quantiser: H.264's quantiser where faces are, or everywhere if there are none; None when it is unknown.
    received_packets, lost_packets: of RTP, as the caller's relay counted them. rotation: the camera's setting, degrees.
    turned: degrees clockwise to add to it to make faces upright; None when too few were seen.
    aspect_stated: true if the stream or a setting states the shape of the pixels.
    """

    codec: str
    width: int
    height: int
    seconds: float
    frames: int
    frame_rate: float
    bitrate: float
    longest_gap_seconds: float
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
    received_packets: int = 0
    lost_packets: int = 0
    rotation: int = 0
    turned: int | None = None
    aspect_stated: bool = False

    @property
    def bits_per_pixel(self) -> float:
        """Bits a pixel, averaged over frames."""
        return self.bitrate / max(self.width * self.height * self.frame_rate, 1e-6)

    @property
    def lost_share(self) -> float:
        """Share of RTP packets that were lost, 0 to 1."""
        return self.lost_packets / max(self.received_packets + self.lost_packets, 1)

    @property
    def damaged_share(self) -> float:
        """Share of frames with damage of their own, 0 to 1."""
        return min(self.damaged / max(self.frames, 1), 1.0)


def check_camera(
    open_source: Callable[[], MeasuringSource],
    *,
    endless: bool,
    seconds: float = 10.0,
    open_seconds: float = 10.0,
    shape: PictureShape = PictureShape(),  # noqa: B008 - frozen
    recogniser: Recogniser | None = None,
    gate: QualityGate | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CameraCheck:
    """Measures a stream for some seconds, over one or more connections, each with a source of its own. open_source:
    makes a source that is not open yet. endless: false for a file, which may end. open_seconds: the source's own; the
    first connection may take twice as long and a little more. shape: what the source applies. progress: called with the
    seconds that have passed and the seconds in all. Raises the errors of `open_source` and `Source`, unless something
    has arrived before.
    """
    if recogniser is None:
        from matcher.recognition.networks.pipeline import load_recogniser

        recogniser = load_recogniser(embedders=False)
    faces = FaceMeasures(recogniser, gate or QualityGate(), mirrored=shape.mirrored)
    look = _Look(faces, seconds, progress, endless=endless, patience=2 * open_seconds + OPENING_GRACE)
    while look.time_left > 0:
        look.tell()
        if not look.through(open_source()):
            break
        time.sleep(RECONNECT_SECONDS)
    look.tell()
    return look.result(shape)


class _Look:
    """One check while it runs."""

    def __init__(
        self,
        faces: FaceMeasures,
        seconds: float,
        progress: Callable[[int, int], None] | None,
        *,
        endless: bool,
        patience: float,
    ) -> None:
        self._faces = faces
        self._stream = StreamMeasures()
        self._seconds = seconds
        self._endless = endless
        self._patience = patience
        self._progress = progress
        self._info: StreamInfo | None = None
        self._began: float | None = None
        self._look_due = 0.0
        self._damaged = 0

    @property
    def time_left(self) -> float:
        """The seconds left; not positive when the time is over."""
        return self._seconds - self._gone()

    def tell(self) -> None:
        """Reports the progress."""
        if self._progress is not None:
            self._progress(min(round(self._gone()), round(self._seconds)), round(self._seconds))

    def through(self, source: MeasuringSource) -> bool:
        """Analyses until the time is over or the stream ends; returns true if it broke. Raises the reason if nothing
        ever came."""
        receiver = Receiver(source, self._stream)
        receiver.start()
        try:
            self._open(receiver)
            while self.time_left > 0 and not receiver.finished:
                self.tell()
                self._take(receiver)
            receiver.raise_failure()
            if self._endless and self.time_left > 0:
                raise CameraStreamError(
                    "The camera ended its stream.", remedy="Check its power, and whether it allows another viewer."
                )
        except ClearglassError:
            if not self._stream.frames:
                raise
            self._stream.broke()
            return True
        finally:
            receiver.stop()
            self._damaged += source.damaged
        if not self._stream.frames:
            raise CameraStreamError(
                "The camera sent no picture in this time.", remedy="Look again, for longer, and check the camera."
            )
        return False

    def _open(self, receiver: Receiver) -> None:
        info = receiver.opened(self._patience if self._began is None else self.time_left)
        if info is None:
            receiver.raise_failure()
            raise CameraUnreachableError(
                "The camera did not answer in time.", remedy="Check that it is on and can be reached."
            )
        self._info = info
        if self._began is None:
            self._began = time.monotonic()

    def _take(self, receiver: Receiver) -> None:
        received = receiver.next(POLL_SECONDS)
        if received is None:
            return
        packet, after_gap = received
        frame = packet.decode(after_gap)
        # Waiting packets are decoded first: if old pictures were analysed, ever more packets would wait.
        due = packet.arrived >= self._look_due and not receiver.waiting
        if frame is not None and due and not frame.damaged:
            self._look_due = packet.arrived + 1 / LOOKS_PER_SECOND
            self._faces.look(frame)

    def _gone(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def result(self, shape: PictureShape) -> CameraCheck:
        """The measurement."""
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
            rotation=shape.rotation,
            turned=faces.turned,
            aspect_stated=self._info.aspect_stated or shape.aspect is not None,
        )
