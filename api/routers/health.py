"""Is the service there, and can it do its work?"""

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.guard import GuardedRoute, ServiceDep, asks
from api.permission import Permission

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
    well = service.matcher.database.failure is None
    body = ServiceHealthOut(status="ok" if well else "degraded", version=app_version())
    return JSONResponse(body.model_dump(), status_code=200 if well else 503)


def app_version() -> str:
    """The installed version of this application."""
    try:
        return version("clearglass")
    except PackageNotFoundError:
        return "0"
