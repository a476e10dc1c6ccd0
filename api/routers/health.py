"""Is the service there, and can it do its work?"""

import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.guard import GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.service import Service
from api.trouble import TroubleOut
from matcher.audit.clock_state import RESUME

router = APIRouter(tags=["health"], route_class=GuardedRoute)


class ServiceHealthOut(BaseModel):
    """ok: searches can be made and logged. degraded: the log or the database cannot be written; nothing is searched."""

    status: Literal["ok", "degraded"]
    version: str
    troubles: list[TroubleOut]


_HARMLESS = frozenset({"disk_low", "operating_point_other_model", "operating_point_no_evidence"})
"""Searches are made and logged all the same."""

_DISK_FAILED = TroubleOut(
    code="disk_failed",
    message="The disk failed under the audit log: nothing is searched, and nothing is written any more.",
    remedy="Check the disk, then start the service again: it checks the whole log before it does anything.",
)
_DISK_LOW = TroubleOut(
    code="disk_low",
    message="The disk of the data folder is nearly full.",
    remedy="Free some room there: when it is full nothing can be logged, and so nothing searched.",
)


@router.get(
    "/health",
    operation_id="health",
    summary="Is the service well?",
    openapi_extra=asks(Permission.PUBLIC),
    response_model=ServiceHealthOut,
    responses={503: {"model": ServiceHealthOut, "description": "The service runs, and cannot do its work."}},
)
def health(service: ServiceDep) -> JSONResponse:
    """For load balancers and people: says no more than that. How the cameras do is told with the cameras."""
    troubles = list(_troubles(service))
    well = all(trouble.code in _HARMLESS for trouble in troubles)
    body = ServiceHealthOut(status="ok" if well else "degraded", version=app_version(), troubles=troubles)
    return JSONResponse(body.model_dump(), status_code=200 if well else 503)


def _troubles(service: Service) -> Iterator[TroubleOut]:
    matcher = service.matcher
    if matcher.database.failure is not None:
        yield _DISK_FAILED
    elif (why := matcher.log.unwritable) is not None:
        message = f"The audit log cannot be written, so nothing is searched. {why.message}"
        yield TroubleOut(code="log_unwritable", message=message, remedy=why.remedy)
    clock = matcher.log.clock_state()
    if not clock.fits:
        yield TroubleOut(code="clock_set_back", message=clock.sentence, remedy=RESUME)
    if shutil.disk_usage(matcher.database.folder).free < service.settings.low_disk_bytes:
        yield _DISK_LOW
    caveat = matcher.identifier.operating_point.caveat
    if caveat is not None:
        yield TroubleOut.of(caveat)


def app_version() -> str:
    """The installed version of this application."""
    try:
        return version("clearglass")
    except PackageNotFoundError:
        return "0"
