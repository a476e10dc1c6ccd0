"""Finds which way up faces stand in a camera's picture, since a camera may hang upside down or on its side.

For each detected face the orientation test estimates which way is up. The detector misses most sideways faces.
Therefore the detector also runs on the whole picture in four rotations; the highest face score marks the upright one.
"""

from collections import Counter

import numpy as np

from ingest.stream.turn import Turn
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.recogniser import Recogniser

MARGIN = 0.03
"""A picture votes if the best rotation's score exceeds the second best by at least this margin. It was measured on 190
portraits (40 of "canada", 150 of LFW). The best rotation was always correct. In 95 % the margin was at least 0.045, and
189 of 190 reached MARGIN. At 30° tilt 130 of 190 reached MARGIN, one with the wrong rotation; at 45° 42 did."""

LEAST_VOTES, LEAST_AGREEMENT = 6, 0.8
"""The number of votes that are needed, and the share of them that must agree."""

WHOLE_SIDE = 960
"""The longer side, in pixels, of a whole picture in which faces are detected."""


class Uprightness:
    """Collects the votes of pictures and faces. One thread owns it. mirrored: whether the pictures are mirrored."""

    def __init__(self, recogniser: Recogniser, *, mirrored: bool = False) -> None:
        self._recogniser = recogniser
        self._mirrored = mirrored
        self._votes: Counter[int] = Counter()

    @property
    def turned(self) -> int | None:
        """The degrees clockwise to add to the camera's rotation so that faces stand upright: 0, 90, 180 or 270.

        None while there are too few votes, or they disagree.
        """
        total = self._votes.total()
        if total < LEAST_VOTES:
            return None
        quarters, votes = self._votes.most_common(1)[0]
        if votes < LEAST_AGREEMENT * total:
            return None
        # Pictures are mirrored after rotation, so a clockwise turn of the mirrored picture is a counter-clockwise
        # change of the camera's rotation.
        return (-quarters if self._mirrored else quarters) % 4 * 90

    def look(self, picture: Image) -> bool:
        """Adds one vote from this picture if its result is clear. Returns True if it voted.

        picture: (height, width, 3) BGR.
        """
        scores = [self._best_score(Turn(quarters=quarters).applied(picture)) for quarters in range(4)]
        best = max(range(4), key=scores.__getitem__)
        clear = scores[best] - max(scores[:best] + scores[best + 1 :]) >= MARGIN
        self._votes[best] += clear
        return clear

    def look_at(self, picture: Image, face: Face) -> None:
        """Adds one vote from a face that was detected in the picture, if its orientation is clear."""
        (quarters,) = self._recogniser.orientations([picture], [face])
        if quarters is not None:
            self._votes[quarters] += 1

    def _best_score(self, picture: Image) -> float:
        faces = self._recogniser.detect([np.ascontiguousarray(picture)])[0]
        return max((face.score for face in faces), default=0.0)
