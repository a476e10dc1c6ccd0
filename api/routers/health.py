"""Is the service there, and can it do its work?"""

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.guard import GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.service import Service
from matcher.audit.errors import ClockError

router = APIRouter(tags=["health"], route_class=GuardedRoute)


class ServiceHealthOut(BaseModel):
    """ok: searches can be made and logged. degraded: the log or the database cannot be written; nothing is searched."""

    status: Literal["ok", "degraded"]
    version: str


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
    matcher = service.matcher
    well = matcher.database.failure is None and not matcher.log.unwritable and _clock_fits(service)
    body = ServiceHealthOut(status="ok" if well else "degraded", version=app_version())
    return JSONResponse(body.model_dump(), status_code=200 if well else 503)


def _clock_fits(service: Service) -> bool:
    """Whether an entry could be dated now; nothing is logged while the clock stands before the last one."""
    with service.matcher.database.reading() as connection:
        try:
            service.matcher.log.moment(connection)
        except ClockError:
            return False
    return True


def app_version() -> str:
    """The installed version of this application."""
    try:
        return version("clearglass")
    except PackageNotFoundError:
        return "0"
