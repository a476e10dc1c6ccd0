"""The live evaluation, and the declared groups that an outsider needs to repeat it. Reads are logged."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.http.moment import Moment
from api.permission import Permission
from api.routers.log import note_reading
from api.slots import Slots
from matcher.evaluation.figures import LiveReport
from matcher.evaluation.groups import pack_groups
from matcher.evaluation.published import evaluate_log
from matcher.log.stored_publication import StoredPublication
from matcher.tlog.note import Verifier

_EVALUATING = Slots("live evaluations", at_once=1, seconds=0.0)
"""One at a time, because each reads the whole log."""

router = APIRouter(prefix="/log", tags=["log"], route_class=GuardedRoute)


class LiveIn(BaseModel):
    """The interval of the searches."""

    model_config = {"extra": "forbid"}

    since: Moment | None = None
    until: Moment | None = Field(None, description="Not within.")


class LiveOut(BaseModel):
    """The live evaluation of the log as it is published now."""

    origin: str
    entries: int
    root: str = Field(description="Hex Merkle root (RFC 6962) of what was evaluated.")
    since: AwareDatetime | None
    until: AwareDatetime | None
    findings: list[str] = Field(description="The findings, a sentence each; may be empty.")
    report: LiveReport


@router.get(
    "/live",
    operation_id="evaluate_live",
    summary="The live evaluation of the cameras",
    openapi_extra=asks(Permission.LOG_READ, bucket=Bucket.SEARCHES),
)
def evaluate_live(caller: Caller, service: ServiceDep, asked: Annotated[LiveIn, Query()]) -> LiveOut:
    """From the log, its reviews and the declared groups: alerts and false alarms by camera, week and group, with
    intervals. It is logged before anything is read. One at a time; another request gets a busy error."""
    said: dict[str, Any] = {"live": asked.model_dump(mode="json", exclude_none=True)}
    matcher = service.matcher
    with _EVALUATING.taken():
        note_reading(service, caller, said)
        made = evaluate_log(
            StoredPublication(matcher.database),
            matcher.declarations.every(),
            own=True,
            verifiers=[Verifier.parse(key) for key in matcher.log.verifier_keys],
            since=asked.since,
            until=asked.until,
        )
    return LiveOut(
        origin=made.origin,
        entries=made.entries,
        root=made.root,
        since=asked.since,
        until=asked.until,
        findings=made.report.findings,
        report=made.report,
    )


@router.get(
    "/groups",
    operation_id="export_groups",
    summary="The declared groups as a file",
    openapi_extra=asks(Permission.LOG_READ, bucket=Bucket.SEARCHES, session=True),
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def export_groups(caller: Caller, service: ServiceDep) -> Response:
    """For subjects who agreed to that use, by id: the declared attributes, and the salt with which the log's commitment
    is checked. It is logged before anything is unsealed. Keep the file confidential, and delete it after use."""
    note_reading(service, caller, {"groups": True})
    packed = pack_groups(service.matcher.declarations.every())
    headers = {"Content-Disposition": 'attachment; filename="groups.json"'}
    return Response(packed, media_type="application/json", headers=headers)
