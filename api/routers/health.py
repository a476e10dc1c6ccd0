"""The health of the service: that it answers, and that it can search."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from typing import Literal, cast

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.http.guard import GuardedRoute, asks
from api.permission import Permission
from api.service import Service
from api.trouble import TroubleOut
from api.version import app_version
from matcher.log.clock_state import RESUME

router = APIRouter(tags=["health"], route_class=GuardedRoute)


class ServiceHealthOut(BaseModel):
    """ok: searches can be made and logged. degraded: the log or the database cannot be written; nothing is searched."""

    status: Literal["ok", "degraded"]
    version: str
    troubles: list[TroubleOut]


_HARMLESS = frozenset({"disk_low", "followers_behind", "operating_point_other_model", "operating_point_no_evidence"})
"""Faults in spite of which searches are made and logged."""

PATIENCE_SECONDS = 3.0
"""Seconds that an answer waits for the database; the container's own check waits 4 s."""

_DISK_FAILED = TroubleOut(
    code="disk_failed",
    message="The disk failed under the audit log: nothing is searched, and nothing is written any more.",
    remedy="Check the disk, then start the service again: it checks the whole log before it does anything.",
)
_DATABASE_STALLED = TroubleOut(
    code="database_stalled",
    message=f"The database or its disk has not answered within {PATIENCE_SECONDS:g} seconds.",
    remedy="Check that the disk of the data folder answers, and that the machine is not overloaded.",
)
_CATCH_UP = (
    "They catch up with the next change, and the vectors with the next search, which is refused if they cannot. "
    "If they do not, start the service again, and report what its output says."
)
_DISK_LOW = TroubleOut(
    code="disk_low",
    message="The disk of the data folder is nearly full.",
    remedy="Free some room there: when it is full nothing can be logged, and so nothing searched.",
)


class HealthLook:
    """Checks the service in a thread of its own, so that no other request delays the answer. Simultaneous requests
    share one check. For one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread = anyio.CapacityLimiter(1)
        self._look: asyncio.Task[list[TroubleOut]] | None = None

    async def troubles(self) -> Sequence[TroubleOut]:
        """The faults; if the check takes too long, the fault is that the database does not answer."""
        look = self._look
        if look is None or look.done():
            look = self._look = asyncio.create_task(self._all())
        await asyncio.wait([look], timeout=PATIENCE_SECONDS)
        return look.result() if look.done() else [_DATABASE_STALLED]

    async def _all(self) -> list[TroubleOut]:
        return await anyio.to_thread.run_sync(lambda: list(_troubles(self._service)), limiter=self._thread)


@router.get(
    "/health",
    operation_id="health",
    summary="Is the service well?",
    openapi_extra=asks(Permission.PUBLIC),
    response_model=ServiceHealthOut,
    responses={503: {"model": ServiceHealthOut, "description": "The service runs, and cannot do its work."}},
)
async def health(request: Request) -> JSONResponse:
    """For load balancers and people. The health of cameras is with the cameras."""
    troubles = await cast(HealthLook, request.app.state.health_look).troubles()
    well = all(trouble.code in _HARMLESS for trouble in troubles)
    body = ServiceHealthOut(status="ok" if well else "degraded", version=app_version(), troubles=list(troubles))
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
    if behind := matcher.gallery.followers_behind:
        message = f"A change of the gallery is kept, and does not show everywhere yet: {', '.join(behind)}."
        yield TroubleOut(code="followers_behind", message=message, remedy=_CATCH_UP)
    caveat = matcher.identifier.operating_point.caveat
    if caveat is not None:
        yield TroubleOut.of(caveat)
