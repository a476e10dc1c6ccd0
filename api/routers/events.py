"""Server-sent events: live views, health, alerts and reviews, as they happen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.access.account import Principal
from api.events import Event, Reviewed, Subscription, Viewed
from api.http.guard import Caller, GuardedRoute, ServiceDep, asks, principal_of
from api.permission import Permission
from api.routers.alerts import AlertOut
from api.routers.cameras import HealthOut
from api.service import Service
from ingest.camera.health import Health
from matcher.alerts.alert import AlertStatus
from matcher.errors import ClearglassError

router = APIRouter(tags=["events"], route_class=GuardedRoute)

BEAT_SECONDS = 5.0
_PACE_SECONDS = 0.05
_DESCRIPTION = """An endless text/event-stream. Events: `view` (a BoxesOut: fetch the camera's view.jpg), `health`
(a HealthOut), `alert` and `review` (an AlertOut), and every five seconds `alive`, so that a
client notices when the stream has stopped. The stream ends when the session or token does."""


class BoxOut(BaseModel):
    """A face on a live view, in shares of width and height. name: of a subject who consented; strangers have none."""

    x: float
    y: float
    width: float
    height: float
    name: str | None
    note: str | None
    stranger: bool


class ViewOut(BaseModel):
    """A new live view of a camera."""

    camera_id: str
    number: int = Field(description="Of the frame.")
    captured_at: AwareDatetime
    boxes: list[BoxOut]


@router.get(
    "/events",
    operation_id="events",
    summary="Events as they happen",
    description=_DESCRIPTION,
    openapi_extra=asks(Permission.CAMERAS_READ),
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "The stream."}},
)
async def events(
    request: Request,
    caller: Caller,
    service: ServiceDep,
    views: Annotated[bool, Query(description="True if live views are wanted; making them takes CPU.")] = True,
) -> StreamingResponse:
    """Streams events until the client disconnects, the service ends, or the caller's session or token ends."""
    stream = _stream(request, caller, service, views=views and caller.may(Permission.LIVE))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(request: Request, caller: Principal, service: Service, *, views: bool) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    names = Names(service, caller)
    with service.events.subscription(views=views) as subscription:
        yield "retry: 2000\n\n"
        asked = clock()
        while not subscription.closed:
            happened = await _next(subscription)
            if clock() - asked >= BEAT_SECONDS:
                asked = clock()
                if await run_in_threadpool(_gone, request, caller):
                    return
                yield "event: alive\ndata: {}\n\n"
            if happened:
                yield await run_in_threadpool(_written, happened, names)
                await asyncio.sleep(_PACE_SECONDS)


async def _next(subscription: Subscription) -> list[Event]:
    return await subscription.take(BEAT_SECONDS)


def _gone(request: Request, caller: Principal) -> bool:
    principal = principal_of(request)
    return principal is None or principal.account != caller.account


class Names:
    """The names that a listener may see, cached for one revision of the gallery."""

    def __init__(self, service: Service, caller: Principal) -> None:
        self.service = service
        self.caller = caller
        self._revision = -1
        self._names: dict[str, str | None] = {}

    def of(self, subject_id: str | None) -> str | None:
        """A subject's name; None for strangers, after withdrawal, and for callers who may not see names."""
        if subject_id is None:
            return None
        people = self.service.people
        if people.revision != self._revision:
            self._names.clear()
            self._revision = people.revision
        if subject_id not in self._names:
            try:
                self._names[subject_id] = people.name(self.caller, subject_id)
            except ClearglassError:
                return None
        return self._names[subject_id]


def _written(happened: list[Event], names: Names) -> str:
    return "".join(_event(event, names) for event in happened)


def _event(event: Event, names: Names) -> str:
    if isinstance(event, Viewed):
        return _line("view", _view(event, names))
    if isinstance(event, Health):
        return _line("health", HealthOut.of(event))
    if not names.caller.may(Permission.ALERTS_READ):
        return ""
    [shown] = names.service.reviewing.shown(names.caller, [event.alert])
    if isinstance(event, Reviewed) and shown.alert.status is AlertStatus.OPEN:
        return ""  # an account that could be the second reviewer may not learn of the first review
    return _line(event.name, AlertOut.of(shown))


def _line(name: str, data: BaseModel) -> str:
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n"


def _view(event: Viewed, names: Names) -> ViewOut:
    view = event.view
    return ViewOut(
        camera_id=event.camera_id,
        number=view.number,
        captured_at=view.captured_at,
        boxes=[
            BoxOut(
                x=shown.box.x,
                y=shown.box.y,
                width=shown.box.width,
                height=shown.box.height,
                name=names.of(shown.subject_id),
                note=shown.note,
                stranger=shown.subject_id is None,
            )
            for shown in view.boxes
        ],
    )
