"""Which way up do faces stand in a camera's picture? A camera may hang upside down or on its side.

Faces that the detector finds are asked how they stand. It finds few of those that lie, so that whole pictures are
looked through in all four rotations as well: the score of their surest face is highest where it stands upright.
"""

from collections import Counter

import numpy as np

from ingest.stream.turn import Turn
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.recogniser import Recogniser

MARGIN = 0.03
"""By how much the best rotation's score must exceed the second best for a picture to count. In 190 portraits (40 of
"canada", 150 of LFW) the best was the right one each time, by .045 or more in 95 of 100, and 189 crops counted. Of
faces tilted by 30 degrees 130 of 190 counted, one of them wrongly; at 45 degrees, halfway, 42 counted."""

LEAST_VOTES, LEAST_AGREEMENT = 6, 0.8
"""How many pictures must count, and the share of them that must agree."""

WHOLE_SIDE = 960
"""Pixels of the longer side of a whole picture in which faces are looked for."""


class Uprightness:
    """Collects votes of pictures. Owned by one thread. mirrored: left and right were exchanged in the pictures."""

    def __init__(self, recogniser: Recogniser, *, mirrored: bool = False) -> None:
        self._recogniser = recogniser
        self._mirrored = mirrored
        self._votes: Counter[int] = Counter()

    @property
    def turned(self) -> int | None:
        """Degrees clockwise to add to the camera's rotation for faces to stand upright: 0, 90, 180 or 270.

        None while too few pictures have counted, or they disagree.
        """
        total = self._votes.total()
        if total < LEAST_VOTES:
            return None
        quarters, votes = self._votes.most_common(1)[0]
        if votes < LEAST_AGREEMENT * total:
            return None
        # The mirror comes after the camera's rotation: seen through it, a further rotation goes the other way round.
        return (-quarters if self._mirrored else quarters) % 4 * 90

    def look(self, picture: Image) -> bool:
        """Lets a picture, (height, width, 3) BGR, vote by its surest face; whether it did."""
        scores = [self._surest(Turn(quarters=quarters).applied(picture)) for quarters in range(4)]
        best = max(range(4), key=scores.__getitem__)
        sure = scores[best] - max(scores[:best] + scores[best + 1 :]) >= MARGIN
        self._votes[best] += sure
        return sure

    def look_at(self, picture: Image, face: Face) -> None:
        """Lets one face vote that was found in the picture."""
        (quarters,) = self._recogniser.orientations([picture], [face])
        if quarters is not None:
            self._votes[quarters] += 1

    def _surest(self, picture: Image) -> float:
        faces = self._recogniser.detect([np.ascontiguousarray(picture)])[0]
        return max((face.score for face in faces), default=0.0)
