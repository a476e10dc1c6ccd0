"""Is this camera any good? Looks at a stream for some seconds and says what arrives and how large its faces are.

Nothing is searched for and nothing is kept: faces are only measured.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from ingest.address import AddressPolicy, split_address
from ingest.camera import Credentials
from ingest.frame import Frame
from matcher.errors import ClearglassError
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser

LOOKS_PER_SECOND = 2.0


@dataclass(frozen=True, kw_only=True)
class CameraCheck:
    """What a stream brought. frame_rate: frames a second. bitrate: bits a second. eye distances: pixels.

    faces: detections in all frames looked at, one person in ten frames being ten. usable: those that the quality gate
    accepts; refused: why the others were not. advice: one sentence.
    """

    codec: str
    width: int
    height: int
    seconds: float
    frames: int
    frame_rate: float
    bitrate: float
    longest_gap_seconds: float
    looked_at: int
    faces: int
    usable: int
    refused: dict[str, int]
    eye_distance_median: float | None
    eye_distance_largest: float | None
    advice: str


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
    """Looks at a stream for so many seconds. A login may stand in the address.

    progress: called with seconds gone and seconds in all. Raises what `AddressPolicy.locate` and `Source` raise.
    """
    from ingest.av_source import AvSource

    place, found = split_address(address)
    source = AvSource(policy.locate(place, local=local), credentials or found)
    if recogniser is None:
        from matcher.recognition.pipeline import load_recogniser

        recogniser = load_recogniser(embedders=False)
    faces = _Faces(recogniser, gate or QualityGate())
    arrivals: list[float] = []
    broken: ClearglassError | None = None
    try:
        info = source.open()
        began = look_due = time.monotonic()
        try:
            for packet in source.packets():
                arrivals.append(packet.arrived)
                gone = time.monotonic() - began
                if progress is not None:
                    progress(min(round(gone), round(seconds)), round(seconds))
                if gone >= seconds:
                    break
                frame = packet.decode(False)
                if frame is not None and packet.arrived >= look_due:
                    look_due = packet.arrived + 1 / LOOKS_PER_SECOND
                    faces.look(frame)
        except ClearglassError as error:
            if not arrivals:
                raise
            broken = error
        elapsed = time.monotonic() - began
        received = source.bytes_received
    finally:
        source.close()
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    # A stream's first frame may take seconds to come; that is no part of its rate.
    streamed = max(sum(gaps), 1e-6)
    return CameraCheck(
        codec=info.codec,
        width=info.width,
        height=info.height,
        seconds=elapsed,
        frames=len(arrivals),
        frame_rate=len(gaps) / streamed,
        bitrate=received * 8 / streamed,
        longest_gap_seconds=max(gaps, default=0.0),
        looked_at=faces.looked_at,
        faces=len(faces.eye_distances),
        usable=faces.usable,
        refused=dict(faces.refused),
        eye_distance_median=statistics.median(faces.eye_distances) if faces.eye_distances else None,
        eye_distance_largest=max(faces.eye_distances, default=None),
        advice=broken.message if broken is not None else faces.advice(),
    )


class _Faces:
    """Measures the faces of some frames."""

    def __init__(self, recogniser: Recogniser, gate: QualityGate) -> None:
        self._recogniser = recogniser
        self._gate = gate
        self.looked_at = 0
        self.usable = 0
        self.refused: Counter[str] = Counter()
        self.eye_distances: list[float] = []

    def look(self, frame: Frame) -> None:
        """Measures one frame's faces."""
        self.looked_at += 1
        image = frame.pixels()
        found = self._recogniser.detect([image])[0]
        for quality in self._recogniser.assess([image] * len(found), found):
            self.eye_distances.append(quality.eye_distance)
            reasons = self._gate.judge(quality)
            self.usable += not reasons
            self.refused.update(reason.value for reason in reasons)

    def advice(self) -> str:
        """What to do about it."""
        if not self.eye_distances:
            return "No face was seen: run this again while somebody walks through the view."
        if 2 * self.usable >= len(self.eye_distances):
            return "Most faces can be used."
        reason = self.refused.most_common(1)[0][0]
        return {
            "too_small": "Most faces are too small: bring the camera closer, use a longer lens or a higher resolution.",
            "blurred": "Most faces are blurred: give it more light or a shorter exposure, and check the focus.",
            "turned": "Most faces are turned away: hang the camera lower, and where people walk towards it.",
            "too_dark": "Most faces are too dark: add light, or avoid windows behind people.",
            "too_bright": "Most faces are too bright: reduce the exposure.",
            "cut_off": "Most faces are cut off: turn the camera so that heads are well inside its view.",
        }[reason]
