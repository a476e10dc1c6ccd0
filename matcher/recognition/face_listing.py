"""The faces of a picture, listed for a caller who has to choose one of them."""

from dataclasses import dataclass

from matcher.recognition.face import Box
from matcher.recognition.quality import Quality, QualityReason

_IN_WORDS = 8
"""How many faces a sentence lists at most: a crowd would fill a page."""


@dataclass(frozen=True, kw_only=True)
class ListedFace:
    """One face. index: from 1, the largest face first. box: in pixels of its picture. reasons: why it may not be used;
    empty when it may."""

    index: int
    box: Box
    quality: Quality
    reasons: tuple[QualityReason, ...]

    def words(self) -> str:
        """The face in one clause."""
        box = self.box
        place = f"{self.index} at ({box.x:.0f}, {box.y:.0f}), {box.width:.0f}×{box.height:.0f} pixels"
        return f"{place}, {', '.join(self.reasons) or f'quality {self.quality.score:.2f}'}"


@dataclass(frozen=True, kw_only=True)
class FaceListing:
    """All faces of one picture, the largest first.

    width, height: pixels of the picture that the boxes are in, as it is shown upright. A very large picture was scaled
    down to that size.
    """

    width: int
    height: int
    faces: tuple[ListedFace, ...]

    def words(self) -> str:
        """The largest faces in one sentence, and how many more there are."""
        clauses = [face.words() for face in self.faces[:_IN_WORDS]]
        more = len(self.faces) - len(clauses)
        return "; ".join(clauses) + (f"; and {more} smaller" if more > 0 else "") + "."
