"""References: the pictures a person was enrolled with. Their templates are never returned."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import AwareDatetime, BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.http.admission import ENROLLING_TURN, ENROLMENT_SECONDS, LOOKING
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.http.refused_picture import RefusedOut
from api.http.upload import ENROLMENT_BODY, MAX_PICTURES
from api.permission import Permission
from api.service import Service
from matcher.enrolment.enrolment import Enrolment, Picture
from matcher.enrolment.errors import EnrolmentError
from matcher.people.reference import Reference
from matcher.recognition.quality import Quality

router = APIRouter(tags=["references"], route_class=GuardedRoute)

Files = Annotated[list[UploadFile], File(description="One or many pictures, each with the person's face alone.")]
Faces = Annotated[
    str,
    Form(
        pattern="^[0-9]{0,4}(,[0-9]{0,4})*$",
        max_length=200,
        description="For a picture with several faces, the number of the face to use, as `several_faces` listed it: "
        "one for each file, separated by commas, empty for a picture with one face.",
        examples=["1,,3"],
    ),
]
Acknowledged = Annotated[
    str,
    Form(
        max_length=4000,
        description="Similar subjects who are other people, as `likely_duplicate` listed them: ids, by comma.",
    ),
]


class QualityOut(BaseModel):
    """The measures of the face: pixels between the eyes, sharpness, degrees of pose, brightness, the share of it
    inside the picture, and contrast where it is least."""

    eye_distance: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    inside: float
    contrast: float
    evenness: float
    score: float

    @classmethod
    def of(cls, quality: Quality) -> "QualityOut":
        """From a `Quality`."""
        return cls(
            eye_distance=quality.eye_distance,
            sharpness=quality.sharpness,
            yaw=quality.yaw,
            pitch=quality.pitch,
            roll=quality.roll,
            brightness=quality.brightness,
            inside=quality.inside,
            contrast=quality.contrast,
            evenness=quality.evenness,
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
        """From a `Reference`."""
        return cls(
            id=reference.id,
            subject_id=reference.subject_id,
            created_at=reference.created_at,
            quality=QualityOut.of(reference.quality),
        )


class AddedOut(BaseModel):
    """The result of adding pictures."""

    accepted: list[ReferenceOut]
    refused: list[RefusedOut]


@router.post(
    "/subjects/{subject_id}/references",
    operation_id="add_references",
    summary="Add pictures of a subject",
    status_code=201,
    openapi_extra=asks(Permission.SUBJECTS_WRITE, max_body=ENROLMENT_BODY, bucket=Bucket.SEARCHES),
    dependencies=[ENROLLING_TURN],
)
def add_references(
    subject_id: str,
    caller: Caller,
    service: ServiceDep,
    files: Files,
    faces: Faces = "",
    acknowledged: Acknowledged = "",
) -> AddedOut:
    """Adds pictures of a subject who is enrolled already. Refused with `likely_duplicate` if they match another subject
    who is not acknowledged."""
    added = service.people.add_pictures(
        caller,
        subject_id,
        pictures_of(files, faces),
        acknowledged=split(acknowledged),
        looking=lambda: LOOKING.taken(caller.account.id, ENROLMENT_SECONDS),
    )
    return AddedOut(
        accepted=references_out(service, added),
        refused=[RefusedOut.of(refused) for refused in added.refused],
    )


@router.get(
    "/references/{reference_id}/picture",
    operation_id="reference_picture",
    summary="A reference's picture",
    openapi_extra=asks(Permission.PICTURES, bucket=Bucket.FACES),
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A JPEG of the enrolled face."}},
)
def reference_picture(reference_id: str, caller: Caller, service: ServiceDep) -> Response:
    """The enrolled face, unsealed for this answer. The read is logged."""
    return Response(service.people.reference_picture(caller, reference_id), media_type="image/jpeg")


def pictures_of(files: Sequence[UploadFile], faces: str) -> list[Picture]:
    """The uploaded files, labelled by their place: a file's name may be a person's.

    Raises HTTPException 413 of more than MAX_PICTURES, and EnrolmentError if `faces`, as Faces has it, is for another
    number of files.
    """
    if len(files) > MAX_PICTURES:
        raise HTTPException(413)
    chosen = [int(face) if face else None for face in faces.split(",")] if faces else [None] * len(files)
    if len(chosen) != len(files):
        raise EnrolmentError(
            f"A face is chosen in {len(chosen)} pictures, and {len(files)} were sent.",
            remedy="Give one number for each file, or nothing between two commas where a picture has one face.",
        )
    return [
        Picture(label=str(place), data=file.file, face=face)
        for place, (file, face) in enumerate(zip(files, chosen, strict=True), 1)
    ]


def split(ids: str) -> frozenset[str]:
    """Ids, separated by commas."""
    return frozenset(one.strip() for one in ids.split(",")) - {""}


def references_out(service: Service, enrolment: Enrolment) -> list[ReferenceOut]:
    """The references that an enrolment made."""
    references = service.people.references(enrolment.subject.id)
    return [ReferenceOut.of(reference) for reference in references if reference.id in enrolment.references]
