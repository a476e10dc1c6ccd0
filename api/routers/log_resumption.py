"""Resumes the log after a clock that ran ahead and is right again."""

from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.resumption import Resumption, resume

router = APIRouter(prefix="/log", tags=["log"], route_class=GuardedRoute)


class ResumptionIn(BaseModel):
    """The confirmation that resuming the log needs."""

    clock_is_right: Literal[True] = Field(description="The machine's clock is right now.", examples=[True])


class ResumptionOut(BaseModel):
    """The result, and the consents that must be recorded again."""

    index: int = Field(description="The index of the entry that records it.")
    last_time: AwareDatetime = Field(description="The time of the entry before it, by the clock that ran ahead.")
    now: AwareDatetime
    sessions: int = Field(description="Begun by that clock, and ended.")
    tokens: int = Field(description="Issued by that clock, and revoked.")
    subjects: list[str] = Field(
        description="Subjects whose consents were recorded by that clock: each needs a new one."
    )

    @classmethod
    def of(cls, done: Resumption) -> "ResumptionOut":
        """From a `Resumption`."""
        return cls(
            index=done.index,
            last_time=done.last_time,
            now=done.now,
            sessions=done.sessions,
            tokens=done.tokens,
            subjects=list(done.subjects),
        )


@router.post(
    "/resumption",
    operation_id="resume_log",
    summary="Resume the log after a clock that ran ahead",
    status_code=201,
    openapi_extra=asks(Permission.LOG_RESUME, session=True),
)
def resume_log(sure: ResumptionIn, caller: Caller, service: ServiceDep) -> ResumptionOut:
    """Only if the clock is before the log's last entry, and right. An entry of the log records it."""
    done = resume(service.matcher.log, actor=caller.actor)
    service.logins.settle()
    return ResumptionOut.of(done)
