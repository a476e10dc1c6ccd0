"""Photographs of many people: each face that may be used is a search of its own."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field

from api.http.admission import CROWD_TURN
from api.http.face_listing import FaceOut
from api.http.guard import Bucket, Caller, GuardedRoute, LimitsDep, ServiceDep, asks
from api.http.upload import ONE_PICTURE
from api.http.warning import WarningOut
from api.permission import Permission
from api.purposes import scope_warnings
from api.routers.operating_points import OperatingPointOut
from api.routers.searches import Case, Purpose, SearchOut
from matcher.probe.small_faces import LEAST_EYE_DISTANCE
from matcher.recognition.image import FORMATS

router = APIRouter(tags=["searches"], route_class=GuardedRoute)


class SearchedFaceOut(FaceOut):
    """A face and the result of its search; null if the face may not be used, for the reasons beside it."""

    index: int = Field(
        description="From 1, the largest first, in this answer and its log entries. Single searches find fewer faces "
        "and number those."
    )
    search: SearchOut | None


class PhotographOut(BaseModel):
    """The answer about one photograph, the largest face first. Boxes are in pixels of the picture as it is shown."""

    photograph: str = Field(description="A random id, in the log entries of all these searches.")
    width: int
    height: int
    least_eye_distance: float = Field(description="The least distance of the eyes of a face, in pixels.")
    operating_point: OperatingPointOut
    faces: list[SearchedFaceOut]
    warnings: list[WarningOut] = Field(description="For example that no consent covers the searches.")


@router.post(
    "/photographs",
    operation_id="search_photograph",
    summary="Search for all people in a photograph (1:N for each face)",
    status_code=201,
    openapi_extra=asks(Permission.SEARCH, max_body=ONE_PICTURE, bucket=Bucket.SEARCHES),
    dependencies=[CROWD_TURN],
)
def search_photograph(
    request: Request,
    caller: Caller,
    service: ServiceDep,
    limits: LimitsDep,
    file: Annotated[UploadFile, File(description=f"{FORMATS}, with any number of faces.")],
    purpose: Purpose,
    least_eye_distance: Annotated[
        float | None,
        Form(
            ge=LEAST_EYE_DISTANCE,
            le=1_000,
            description="The least distance of the eyes, in pixels, of a face that is searched for; without it, as for "
            "other pictures. Fewer of the smaller faces are recognised: with 8 pixels two in three, with 6 one in "
            "four, with 5 one in 25.",
        ),
    ] = None,
    case_reference: Case = None,
) -> PhotographOut:
    """Detects faces at the picture's full resolution and searches for each that may be used, as an identification
    of its own with its own log entries. Each counts as one search of the account's rate: a photograph of a hundred
    people uses up the next hundred searches. The picture is not stored; a face only if somebody is found."""
    crowd, searched = service.searching.photograph(
        caller,
        file.file,
        purpose=purpose,
        case_reference=case_reference,
        least_eye_distance=least_eye_distance,
        owe=lambda more: limits.owe_searches(caller.account.id, more),  # the guard took one token
    )
    listed = crowd.listing
    # Each face was searched for among the same references, except for changes meanwhile: the last one's count is used.
    answers = [one.answer for one in searched if one.answer is not None]
    return PhotographOut(
        photograph=crowd.id,
        width=listed.width,
        height=listed.height,
        least_eye_distance=crowd.least_eye_distance,
        operating_point=OperatingPointOut.of(service.matcher.identifier.operating_point),
        faces=[
            SearchedFaceOut(
                **dict(FaceOut.of(one.face)),
                search=None if one.answer is None else SearchOut.of(one.answer, request, caller, service, purpose),
            )
            for one in searched
        ],
        warnings=scope_warnings(answers[-1], purpose) if answers else [],
    )
