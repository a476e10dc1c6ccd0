"""What does this camera send? Looks at a stream for some time and says what arrives and what its faces are like.

Nothing is searched for and nothing is kept: faces are only measured. `ingest.suitability` judges what comes out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.address import AddressPolicy, split_address
from ingest.av_source import AvSource
from ingest.camera import Credentials
from ingest.face_measures import FaceMeasures
from ingest.source import CameraStreamError, StreamInfo
from ingest.stream_measures import StreamMeasures
from matcher.errors import ClearglassError
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

LOOKS_PER_SECOND = 2.0
RECONNECT_SECONDS = 1.0
"""Pause before a stream that broke is taken up again."""


@dataclass(frozen=True, kw_only=True)
class CameraCheck:
    """What a stream brought. frame_rate: frames a second. bitrate: bits a second. eye distances: pixels.

    missing: frames that the stamps of those around them leave room for. damaged: those that could not be decoded, or
    only in pieces. interruptions: times the stream broke. faces: detections in all frames looked at, one person in ten
    frames being ten. usable: those that the quality gate accepts; refused: why the others were not. Medians are over
    all faces, as `Quality` has them: yaw to either side. pitch: as `close_look.nod` measures it, which is less than it
    is; positive when heads are seen from above. quantiser:
    how hard H.264 was compressed where faces are, or everywhere if there are none; None when that cannot be told.
    advice: one sentence.
    """

    codec: str
    width: int
    height: int
    declared_fps: float | None
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
    eye_distance_largest: float | None
    sharpness_median: float | None
    yaw_median: float | None
    pitch_median: float | None
    brightness_median: float | None
    quantiser_median: float | None
    advice: str

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
    place, found = split_address(address)
    location = policy.locate(place, local=local)
    if recogniser is None:
        from matcher.recognition.pipeline import load_recogniser

        recogniser = load_recogniser(embedders=False)
    faces = FaceMeasures(recogniser, gate or QualityGate())
    look = _Look(faces, seconds, progress, endless=location.path is None)
    broken: ClearglassError | None = None
    while look.time_left:
        look.tell()
        source = AvSource(location, credentials or found, measuring=True)
        try:
            broken = look.through(source)
        finally:
            source.close()
        if broken is None:
            break
        time.sleep(RECONNECT_SECONDS)
    return look.result(broken)


class _Look:
    """One check while it runs, over however many connections. endless: no file, which may end."""

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

    def through(self, source: AvSource) -> ClearglassError | None:
        """Looks until the time is over, the stream ends (None), or it breaks (why)."""
        try:
            self._info = source.open()
            if self._began is None:
                self._began = time.monotonic()
            self._follow(source)
            if self._endless and self.time_left:
                raise CameraStreamError(
                    "The camera ended its stream.", remedy="Check its power, and whether it allows another viewer."
                )
        except ClearglassError as error:
            if not self._stream.frames:
                raise
            self._stream.broke()
            return error
        finally:
            self._damaged += source.damaged
        return None

    def _follow(self, source: AvSource) -> None:
        for packet in source.packets():
            self._stream.take(packet)
            self.tell()
            if not self.time_left:
                return
            frame = packet.decode(False)
            if frame is not None and packet.arrived >= self._look_due:
                self._look_due = packet.arrived + 1 / LOOKS_PER_SECOND
                self._faces.look(frame)

    def _gone(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def result(self, broken: ClearglassError | None) -> CameraCheck:
        """What came of it. broken: how the last connection ended."""
        assert self._info is not None  # noqa: S101 - `through` raises when nothing was opened
        stream, faces = self._stream, self._faces
        stream.end(time.monotonic())
        return CameraCheck(
            codec=self._info.codec,
            width=self._info.width,
            height=self._info.height,
            declared_fps=self._info.declared_fps,
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
            eye_distance_largest=faces.largest,
            sharpness_median=faces.middle("sharpness"),
            yaw_median=faces.yaw,
            pitch_median=faces.pitch,
            brightness_median=faces.middle("brightness"),
            quantiser_median=faces.quantiser,
            advice=broken.message if broken is not None else _advice(faces),
        )


def _advice(faces: FaceMeasures) -> str:
    """What to do about the faces."""
    if not faces.faces:
        return "No face was seen: run this again while somebody walks through the view."
    if 2 * faces.usable >= faces.faces:
        return "Most faces can be used."
    reason = faces.refused.most_common(1)[0][0]
    return {
        "too_small": "Most faces are too small: bring the camera closer, use a longer lens or a higher resolution.",
        "blurred": "Most faces are blurred: give it more light or a shorter exposure, and check the focus.",
        "turned": "Most faces are turned away: hang the camera lower, and where people walk towards it.",
        "too_dark": "Most faces are too dark: add light, or avoid windows behind people.",
        "too_bright": "Most faces are too bright: reduce the exposure.",
        "cut_off": "Most faces are cut off: turn the camera so that heads are well inside its view.",
    }[reason]
