"""Sessions: logging in and out of a browser."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.access.account import Duty, Principal
from api.http.admission import LOGIN_TURN
from api.http.device_cookie import attempt_of, is_secure, remember_device
from api.http.guard import COOKIE, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission, Role

router = APIRouter(prefix="/sessions", tags=["sessions"], route_class=GuardedRoute)

_ALWAYS = asks(Permission.SIGNED_IN, duties=frozenset(Duty))


class LoginIn(BaseModel):
    """A name and its password."""

    model_config = ConfigDict(hide_input_in_errors=True)
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["ada"])]
    password: Annotated[str, Field(min_length=1, max_length=256, examples=["correct horse battery staple"])]
    code: Annotated[
        str | None, Field(max_length=64, examples=["492039"], description="Of an account with a second factor.")
    ] = None


class WhoOut(BaseModel):
    """An account as its own holder sees it."""

    id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    name: str = Field(examples=["ada"])
    role: Role
    permissions: list[Permission]

    @classmethod
    def of(cls, principal: Principal) -> "WhoOut":
        """From a `Principal`."""
        account, permissions = principal.account, sorted(principal.permissions)
        return cls(id=account.id, name=account.name, role=account.role, permissions=permissions)


class SessionOut(BaseModel):
    """The account and its session. csrf: to be sent as X-CSRF-Token with every write; null where a token authenticates.
    duty: the step to complete first: a new password, or a second factor; null if none. emergency: an administrator's
    session that began while the log could not be written: it only shows what is wrong until the log can be written
    again, and a duty must wait until then.
    """

    account: WhoOut
    csrf: str | None
    expires_at: AwareDatetime | None = None
    duty: Duty | None = None
    emergency: bool = False


@router.post(
    "",
    operation_id="log_in",
    summary="Log in",
    status_code=201,
    openapi_extra=asks(Permission.PUBLIC),
    dependencies=[LOGIN_TURN],
)
def log_in(login: LoginIn, request: Request, response: Response, service: ServiceDep) -> SessionOut:
    """Begins a session; its secret goes into an HttpOnly cookie. Repeated failures have to wait."""
    session = service.logins.log_in(login.name, attempt_of(request, login.password, login.code))
    response.set_cookie(
        COOKIE,
        session.secret,
        max_age=round(service.settings.session_hours * 3600),
        httponly=True,
        samesite="strict",
        secure=is_secure(request, service.settings),
    )
    remember_device(request, response, service.settings, account_id=session.account.id, device=session.device)
    return SessionOut(
        account=WhoOut.of(session.principal),
        csrf=session.csrf,
        expires_at=session.expires_at,
        duty=session.duty,
        emergency=session.emergency,
    )


@router.get("/current", operation_id="current_session", summary="The present account", openapi_extra=_ALWAYS)
def current_session(caller: Caller) -> SessionOut:
    """The account of this request and its permissions."""
    return SessionOut(account=WhoOut.of(caller), csrf=caller.csrf, duty=caller.duty, emergency=caller.emergency)


@router.delete(
    "/current",
    operation_id="log_out",
    summary="Log out",
    status_code=204,
    openapi_extra=_ALWAYS,
)
def log_out(request: Request, response: Response, caller: Caller, service: ServiceDep) -> None:
    """Ends the session and clears its cookie. A token is not ended by this."""
    secret = request.cookies.get(COOKIE)
    if secret is not None and caller.csrf is not None:
        service.logins.log_out(secret)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.post(
    "/current/use",
    operation_id="note_use",
    summary="Report a person's activity",
    status_code=204,
    openapi_extra=_ALWAYS,
)
def note_use(caller: Caller) -> None:
    """Prolongs a session: pages send it when a person uses the mouse, a finger or the keyboard. Every other write does
    so too. Reads do not, since pages read by themselves.
    """
