"""References: the pictures a person was enrolled with. Their templates are never given out."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.service import Service
from api.upload import ENROLMENT_BODY, LOOKING, read
from matcher.gallery.enrolment import Enrolment, Picture, RefusedPicture
from matcher.gallery.reference import Reference
from matcher.recognition.quality import Quality

router = APIRouter(tags=["references"], route_class=GuardedRoute)


class QualityOut(BaseModel):
    """What was measured of the face: pixels between the eyes, sharpness, degrees of pose, brightness."""

    eye_distance: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    inside: float
    score: float

    @classmethod
    def of(cls, quality: Quality) -> "QualityOut":
        """From the noun."""
        return cls(
            eye_distance=quality.eye_distance,
            sharpness=quality.sharpness,
            yaw=quality.yaw,
            pitch=quality.pitch,
            roll=quality.roll,
            brightness=quality.brightness,
            inside=quality.inside,
            score=quality.score,
        )


class ReferenceOut(BaseModel):
    """A reference."""

    id: str
    subject_id: str
    created_at: AwareDatetime
    quality: QualityOut

    @classmethod
    def of(cls, reference: Reference) -> "ReferenceOut":
        """From the noun."""
        return cls(
            id=reference.id,
            subject_id=reference.subject_id,
            created_at=reference.created_at,
            quality=QualityOut.of(reference.quality),
        )


class RefusedOut(BaseModel):
    """A picture that was not used, and why. picture: its place among the files, from 1."""

    picture: str = Field(examples=["2"])
    code: str = Field(examples=["no_face"])
    message: str
    remedy: str

    @classmethod
    def of(cls, refused: RefusedPicture) -> "RefusedOut":
        """From the noun."""
        return cls(picture=refused.label, code=refused.code, message=refused.message, remedy=refused.remedy)


class AddedOut(BaseModel):
    """What came of further pictures."""

    accepted: list[ReferenceOut]
    refused: list[RefusedOut]


@router.post(
    "/subjects/{subject_id}/references",
    operation_id="add_references",
    summary="Add pictures of a subject",
    status_code=201,
    openapi_extra=asks(Permission.SUBJECTS_WRITE, max_body=ENROLMENT_BODY, bucket=Bucket.SEARCHES),
)
def add_references(
    subject_id: str,
    caller: Caller,
    service: ServiceDep,
    files: Annotated[list[UploadFile], File(description="One or many pictures, each with this one face.")],
) -> AddedOut:
    """Adds pictures of a subject who is enrolled already."""
    with LOOKING.taken():
        added = service.matcher.enroller.add_pictures(subject_id, pictures_of(files), caller.actor)
    return AddedOut(
        accepted=references_out(service, added),
        refused=[RefusedOut.of(refused) for refused in added.refused],
    )


@router.get(
    "/references/{reference_id}/picture",
    operation_id="reference_picture",
    summary="A reference's picture",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.VIEWS),
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A JPEG of the enrolled face."}},
)
def reference_picture(reference_id: str, service: ServiceDep) -> Response:
    """The enrolled face, opened from its seal for this answer alone."""
    return Response(service.matcher.gallery.reference_picture(reference_id), media_type="image/jpeg")


def pictures_of(files: Sequence[UploadFile]) -> list[Picture]:
    """The uploaded files, labelled by their place: a file's name may be a person's."""
    return [Picture(label=str(place), data=read(file)) for place, file in enumerate(files, 1)]


def references_out(service: Service, enrolment: Enrolment) -> list[ReferenceOut]:
    """The references that an enrolment made."""
    references = service.matcher.gallery.references(enrolment.subject.id)
    return [ReferenceOut.of(reference) for reference in references if reference.id in enrolment.references]
