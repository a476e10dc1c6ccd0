"""What the faces in a stream are like. They are measured only: nothing of them is kept but numbers."""

import statistics
from collections import Counter
from collections.abc import Iterable

from ingest.analysis.close_look import closely, nod
from ingest.analysis.uprightness import WHOLE_SIDE, Uprightness
from ingest.stream.frame import Frame, Quantisers
from matcher.recognition.face import Box
from matcher.recognition.quality import Quality, QualityGate
from matcher.recognition.recogniser import Recogniser


class FaceMeasures:
    """Measures the faces of some frames. Owned by one thread. mirrored: as `Uprightness` has it."""

    def __init__(self, recogniser: Recogniser, gate: QualityGate, *, mirrored: bool = False) -> None:
        self._recogniser = recogniser
        self._gate = gate
        self._uprightness = Uprightness(recogniser, mirrored=mirrored)
        self._qualities: list[Quality] = []
        self._nods: list[float] = []
        self._quantisers: list[float] = []
        self._pictures: list[float] = []
        self.looked_at = 0
        self.usable = 0
        self.refused: Counter[str] = Counter()

    def look(self, frame: Frame) -> None:
        """Measures one frame's faces."""
        self.looked_at += 1
        image, quantisers = frame.pixels(), frame.quantisers()
        faces = closely(self._recogniser, image)
        for quality in self._recogniser.assess([image] * len(faces), faces):
            self._qualities.append(quality)
            reasons = self._gate.judge(quality)
            self.usable += not reasons
            self.refused.update(reason.value for reason in reasons)
        nods = (nod(self._recogniser, image, face) for face in faces)
        self._nods += [pitch for pitch in nods if pitch is not None]
        if self._uprightness.turned is None:
            share = min(1.0, WHOLE_SIDE / max(frame.width, frame.height))
            self._uprightness.look(frame.shrunk(round(frame.width * share), round(frame.height * share)))
        if quantisers is not None:
            self._quantisers += [_within(quantisers, face.box, frame) for face in faces]
            self._pictures.append(float(quantisers.mean()))

    @property
    def faces(self) -> int:
        """Faces seen, one person in ten frames being ten."""
        return len(self._qualities)

    @property
    def turned(self) -> int | None:
        """Degrees to add to the camera's rotation for faces to stand upright; None when too few were seen to say."""
        return self._uprightness.turned

    @property
    def yaw(self) -> float | None:
        """The middle turn to either side, in degrees."""
        return _middle(abs(quality.yaw) for quality in self._qualities)

    @property
    def pitch(self) -> float | None:
        """The middle nod as `close_look.nod` measures it, in its degrees; positive when seen from above."""
        return _middle(self._nods)

    @property
    def quantiser(self) -> float | None:
        """The middle of H.264's quantiser where faces are, or of whole pictures where there are none."""
        return _middle(self._quantisers or self._pictures)

    def middle(self, measure: str) -> float | None:
        """The middle face's value of one of `Quality`'s measures; None without faces."""
        return _middle(getattr(quality, measure) for quality in self._qualities)


def _middle(values: Iterable[float]) -> float | None:
    present = list(values)
    return statistics.median(present) if present else None


def _within(quantisers: Quantisers, box: Box, frame: Frame) -> float:
    """The mean in the blocks that a box touches."""
    rows, columns = quantisers.shape
    down, across = rows / frame.height, columns / frame.width
    top, left = _block(box.y * down, rows), _block(box.x * across, columns)
    bottom, right = _block((box.y + box.height) * down, rows), _block((box.x + box.width) * across, columns)
    return float(quantisers[top : bottom + 1, left : right + 1].mean())


def _block(place: float, most: int) -> int:
    return min(max(int(place), 0), most - 1)
