"""A picture that an enrolment did not use, as the API tells of it: in an answer, and where none was left."""

from pydantic import BaseModel, Field

from api.http.face_listing import FaceListingOut
from matcher.enrolment.enrolment import RefusedPicture


class RefusedOut(BaseModel):
    """A picture that was not used, and why. picture: its place among the files, from 1."""

    picture: str = Field(examples=["2"])
    code: str = Field(examples=["no_face"])
    message: str
    remedy: str
    listing: FaceListingOut | None = Field(
        default=None, description="Only where a face must be chosen: the picture's faces."
    )

    @classmethod
    def of(cls, refused: RefusedPicture) -> "RefusedOut":
        """From a `RefusedPicture`."""
        return cls(
            picture=refused.label,
            code=refused.code,
            message=refused.message,
            remedy=refused.remedy,
            listing=None if refused.listing is None else FaceListingOut.of(refused.listing),
        )
