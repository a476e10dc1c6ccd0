"""The recogniser: pictures in, faces, qualities and templates out."""

from collections.abc import Sequence
from typing import Protocol

from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.fusion import Fusion
from matcher.recognition.quality import Quality
from matcher.recognition.template import Template


class Recogniser(Protocol):
    """Everything the rest of the house asks of recognition. Each call takes a batch; one picture is a batch of one.

    Safe to call from several threads at once.
    """

    @property
    def model_digest(self) -> str:
        """Hex SHA-256 naming the weights and steps that make this recogniser's templates."""
        ...

    @property
    def fusion(self) -> Fusion:
        """How its templates are compared."""
        ...

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Faces of each picture, largest first; an empty list where there is none."""
        ...

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        """The quality of faces[i] in images[i]."""
        ...

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        """Quarter turns clockwise after which faces[i] of images[i] stands upright, 0 to 3; None where it is doubtful.

        0 says that its landmarks may be trusted: detectors put them into a lying face as if it stood upright.
        """
        ...

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        """The template of faces[i] in images[i]."""
        ...
