"""What is measured of faces in pictures that were stretched."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from ingest.analysis.face_measures import FaceMeasures
from ingest.stream.frame import Frame
from matcher.picture.pixel_array import Image
from matcher.recognition.face import Face
from matcher.recognition.quality import QualityGate
from tests.ingest.stubs.ingest_stub import BrightRecogniser, face_at


class OneFace(BrightRecogniser):
    """Sees one face 60 pixels wide at the same place in every picture."""

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [[face_at(200, 100, size=60)] for _ in images]


def test_the_quantiser_of_a_face_is_looked_up_by_its_share_of_the_picture() -> None:
    """320 by 240 pixels in 20 by 15 blocks, stretched to twice the width: the face lies in the left half."""
    quantisers = np.full((15, 20), 40, np.int32)
    quantisers[:, :10] = 20
    picture = np.zeros((240, 640, 3), np.uint8)
    frame = Frame(
        number=1,
        arrived=0.0,
        captured_at=datetime.now(UTC),
        width=640,
        height=240,
        pixels=lambda: picture,
        shrunk=lambda width, height: picture,
        quantisers=lambda: quantisers,
    )
    measures = FaceMeasures(OneFace(), QualityGate())
    measures.look(frame)
    assert measures.quantiser == 20
