"""Letting the log go on after a clock that ran ahead and is right again."""

from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.resumption import Resumption, resume

router = APIRouter(prefix="/log", tags=["log"], route_class=GuardedRoute)


class ResumptionIn(BaseModel):
    """What somebody makes sure of before they let the log go on."""

    clock_is_right: Literal[True] = Field(description="The machine's clock is right now.", examples=[True])


class ResumptionOut(BaseModel):
    """What was done, and what is left to do."""

    index: int = Field(description="Of the entry that says it.")
    last_time: AwareDatetime = Field(description="Of the entry before it, by the clock that ran ahead.")
    now: AwareDatetime
    sessions: int = Field(description="Begun by that clock, and ended.")
    tokens: int = Field(description="Issued by that clock, and revoked.")
    subjects: list[str] = Field(description="Whose consents were recorded by that clock: each needs a new one.")

    @classmethod
    def of(cls, done: Resumption) -> "ResumptionOut":
        """From the noun."""
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
    summary="Let the log go on after a clock that ran ahead",
    status_code=201,
    openapi_extra=asks(Permission.LOG_RESUME, session=True),
)
def resume_log(sure: ResumptionIn, caller: Caller, service: ServiceDep) -> ResumptionOut:
    """Only where the clock stands before the log's last entry, and is right. The log says so in an entry of its own."""
    done = resume(service.matcher.log, actor=caller.actor)
    service.logins.settle()
    return ResumptionOut.of(done)
