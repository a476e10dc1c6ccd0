"""Turns a picture that a person hands in into a sample of its one usable face, for enrolment and for search."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from matcher.picture.pixel_array import Image
from matcher.probe.photograph import FoundFace, Photograph, find_faces
from matcher.probe.probe import Origin, Probe
from matcher.recognition.errors import FaceQualityError, FaceUnknownError, NoFaceError, SeveralFacesError
from matcher.recognition.face import Box
from matcher.recognition.face_listing import FaceListing, ListedFace
from matcher.recognition.image import PictureBytes, decode_image, face_jpeg
from matcher.recognition.networks.yunet import MOST_SIDE
from matcher.recognition.quality import Quality, QualityGate, QualityReason
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.template import Template
from matcher.recognition.tiles import TiledRecogniser
from matcher.recognition.warm_up import warm_up

MOST_FACES, MOST_IN_CROWD = 200, 2_000
"""The most faces that are judged, in a picture of which one face is used and in a crowd; each takes up to 15 ms of a
core."""

_ROUNDS = 4
"""Warm-ups on each thread: more than one, since one thread's first may end before the other thread's first begins."""

_REMEDY = {
    QualityReason.TOO_SMALL: "come closer or use a larger picture",
    QualityReason.BLURRED: "use a sharper picture",
    QualityReason.TURNED: "look towards the camera",
    QualityReason.TOO_DARK: "use more light",
    QualityReason.TOO_BRIGHT: "use less light",
    QualityReason.CUT_OFF: "show the whole face",
    QualityReason.NOT_UPRIGHT: "use a picture in which the face stands upright",
    QualityReason.COVERED: "uncover the eyes and the mouth",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceSample:
    """One face that passed the gate: its template, its quality, and a JPEG of it with some margin."""

    template: Template
    quality: Quality
    crop: bytes

    def probe(self, origin: Origin | None = None) -> Probe:
        """The sample as a probe."""
        return Probe(template=self.template, quality=self.quality, crop=self.crop, origin=origin)


class Sampler:
    """Finds the one face of a picture, judges it and extracts its template."""

    def __init__(self, recogniser: Recogniser, gate: QualityGate) -> None:
        self.recogniser = recogniser
        self.gate = gate

    def warm_up(self, *, at_once: int) -> None:
        """Loads the models, and allocates the memory that pictures need besides their own pixels. So a missing model or
        a lack of memory shows at the start, and no picture waits for it. at_once: pictures processed simultaneously.
        Raises ModelError.
        """
        warm_up(self.recogniser)
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(lambda _: warm_up(self.recogniser, side=MOST_SIDE), range(_ROUNDS * at_once)))

    def sample(self, data: PictureBytes, *, face: int | None = None) -> FaceSample:
        """The face in a picture. face: its number where there are several, from 1, the largest first.

        Raises an image error (see `decode_image`), NoFaceError, SeveralFacesError, FaceUnknownError, TooManyFacesError
        or FaceQualityError.
        """
        photograph = self.photograph(data)
        found = _chosen(photograph, face)
        if found.reasons:
            raise FaceQualityError(
                f"The face is not good enough: {', '.join(found.reasons)}.",
                remedy=f"Please {', '.join(_REMEDY[reason] for reason in found.reasons)}.",
                reasons=found.reasons,
            )
        return self.samples(photograph.image, [found])[0]

    def photograph(self, data: PictureBytes) -> Photograph:
        """All faces of a picture, none of them searched for. Raises an image error, or TooManyFacesError."""
        return find_faces(decode_image(data), self.recogniser, self.gate, most=MOST_FACES)

    def crowd(self, data: PictureBytes, gate: QualityGate) -> Photograph:
        """The same at the picture's full resolution, where the small faces of a crowd are found, judged by this gate.

        Takes a second for 4 megapixels, four times that where no face stands upright. Raises as
        `photograph` does.
        """
        return find_faces(decode_image(data), TiledRecogniser(self.recogniser), gate, most=MOST_IN_CROWD)

    def samples(self, image: Image, faces: Sequence[FoundFace]) -> list[FaceSample]:
        """Samples of the faces that may be used."""
        templates = self.recogniser.extract([image] * len(faces), [found.face for found in faces])
        return [
            FaceSample(template=template, quality=found.quality, crop=face_jpeg(image, found.face))
            for template, found in zip(templates, faces, strict=True)
        ]


def listing(photograph: Photograph) -> FaceListing:
    """The photograph's faces for a caller to choose from, in coordinates of the picture before it was turned."""
    height, width = photograph.image.shape[:2]
    boxes = [found.face.box for found in photograph.faces]
    for _ in range(photograph.quarters):
        boxes = [_turned_back(box, width) for box in boxes]
        width, height = height, width
    return FaceListing(
        width=width,
        height=height,
        faces=tuple(
            ListedFace(index=index, box=box, quality=found.quality, reasons=found.reasons)
            for index, (box, found) in enumerate(zip(boxes, photograph.faces, strict=True), start=1)
        ),
    )


def _turned_back(box: Box, width: float) -> Box:
    """The box after its picture was turned by a quarter anticlockwise. width: of the picture before."""
    return Box(x=box.y, y=width - box.x - box.width, width=box.height, height=box.width)


def _chosen(photograph: Photograph, face: int | None) -> FoundFace:
    """Raises NoFaceError, SeveralFacesError or FaceUnknownError."""
    faces = photograph.faces
    if not faces:
        raise NoFaceError("No face was found in the picture.", remedy="Use a picture that shows one face clearly.")
    if face is None and len(faces) > 1:
        listed = listing(photograph)
        raise SeveralFacesError(
            f"{len(faces)} faces were found in the picture where one is needed: {listed.words()}",
            remedy="Choose one of them by its number, or cut the picture so that one face is left.",
            listing=listed,
        )
    index = 1 if face is None else face
    if not 1 <= index <= len(faces):
        listed = listing(photograph)
        raise FaceUnknownError(
            f"There is no face {index} in the picture, which has {len(faces)}: {listed.words()}",
            remedy="Choose one of them by its number.",
            listing=listed,
        )
    return faces[index - 1]
