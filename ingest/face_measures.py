"""What the faces in a stream are like. They are measured only: nothing of them is kept but numbers."""

import statistics
from collections import Counter
from collections.abc import Iterable

from ingest.close_look import closely, nod
from ingest.frame import BLOCK, Frame, Quantisers
from matcher.recognition.face import Box
from matcher.recognition.quality import Quality, QualityGate
from matcher.recognition.recogniser import Recogniser


class FaceMeasures:
    """Measures the faces of some frames. Owned by one thread."""

    def __init__(self, recogniser: Recogniser, gate: QualityGate) -> None:
        self._recogniser = recogniser
        self._gate = gate
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
        if quantisers is not None:
            self._quantisers += [_within(quantisers, face.box) for face in faces]
            self._pictures.append(float(quantisers.mean()))

    @property
    def faces(self) -> int:
        """Faces seen, one person in ten frames being ten."""
        return len(self._qualities)

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


def _within(quantisers: Quantisers, box: Box) -> float:
    """The mean in the blocks that a box touches."""
    rows, columns = quantisers.shape
    top, left = (min(max(int(edge // BLOCK), 0), most - 1) for edge, most in ((box.y, rows), (box.x, columns)))
    bottom, right = int((box.y + box.height) // BLOCK), int((box.x + box.width) // BLOCK)
    return float(quantisers[top : max(bottom, top) + 1, left : max(right, left) + 1].mean())
