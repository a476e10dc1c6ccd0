"""The faces of a picture as the API lists them: in an error that asks for a choice, and in an answer about each."""

from pydantic import BaseModel, Field

from matcher.recognition.face import Box
from matcher.recognition.face_listing import FaceListing, ListedFace
from matcher.recognition.quality import QualityReason


class BoxOut(BaseModel):
    """A rectangle in pixels of its picture; it may reach over the edges."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, box: Box) -> "BoxOut":
        """From a `Box`, to a tenth of a pixel."""
        return cls(x=round(box.x, 1), y=round(box.y, 1), width=round(box.width, 1), height=round(box.height, 1))


class FaceOut(BaseModel):
    """A face that was found in a picture."""

    index: int = Field(description="From 1, the largest face first: what the form fields for a face take.")
    box: BoxOut
    quality: float = Field(description="0 to 1, higher is better; no probability.")
    eye_distance: float = Field(description="Pixels between the eyes.")
    reasons: list[QualityReason] = Field(description="Why the face may not be used; empty when it may.")

    @classmethod
    def of(cls, face: ListedFace) -> "FaceOut":
        """From a `ListedFace`."""
        return cls(
            index=face.index,
            box=BoxOut.of(face.box),
            quality=round(face.quality.score, 2),
            eye_distance=round(face.quality.eye_distance, 1),
            reasons=list(face.reasons),
        )


class FaceListingOut(BaseModel):
    """All faces of one picture, which boxes are in, as it is shown upright."""

    width: int = Field(description="Pixels. A picture of more than 12.6 megapixels was scaled down to that size.")
    height: int
    faces: list[FaceOut]

    @classmethod
    def of(cls, listing: FaceListing) -> "FaceListingOut":
        """From a `FaceListing`."""
        return cls(width=listing.width, height=listing.height, faces=[FaceOut.of(face) for face in listing.faces])
