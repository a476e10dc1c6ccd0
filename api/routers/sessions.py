"""Sessions: logging in and out of a browser."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.account import Account
from api.admission import LOGIN_TURN, client_of
from api.guard import COOKIE, Caller, GuardedRoute, ServiceDep, asks
from api.permission import PERMISSIONS, Permission, Role

router = APIRouter(prefix="/sessions", tags=["sessions"], route_class=GuardedRoute)


class LoginIn(BaseModel):
    """A name and its password."""

    model_config = ConfigDict(hide_input_in_errors=True)
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["ada"])]
    password: Annotated[str, Field(min_length=1, max_length=256, examples=["correct horse battery staple"])]


class WhoOut(BaseModel):
    """An account as its own holder sees it."""

    id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    name: str = Field(examples=["ada"])
    role: Role
    permissions: list[Permission]

    @classmethod
    def of(cls, account: Account) -> "WhoOut":
        """From the noun."""
        permissions = sorted(PERMISSIONS[account.role])
        return cls(id=account.id, name=account.name, role=account.role, permissions=permissions)


class SessionOut(BaseModel):
    """Who is logged in. csrf: to be sent as X-CSRF-Token with every write; null where a token authenticates."""

    account: WhoOut
    csrf: str | None
    expires_at: AwareDatetime | None = None


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
    session = service.accounts.log_in(login.name, login.password, client=client_of(request))
    response.set_cookie(
        COOKIE,
        session.secret,
        max_age=round(service.settings.session_hours * 3600),
        httponly=True,
        samesite="strict",
        secure=service.settings.secure_cookies or request.url.scheme == "https",
    )
    return SessionOut(account=WhoOut.of(session.account), csrf=session.csrf, expires_at=session.expires_at)


@router.get("/current", operation_id="current_session", summary="Who am I?", openapi_extra=asks(Permission.SIGNED_IN))
def current_session(caller: Caller) -> SessionOut:
    """The account behind this request and what it may do."""
    return SessionOut(account=WhoOut.of(caller.account), csrf=caller.csrf)


@router.delete(
    "/current",
    operation_id="log_out",
    summary="Log out",
    status_code=204,
    openapi_extra=asks(Permission.SIGNED_IN),
)
def log_out(request: Request, response: Response, caller: Caller, service: ServiceDep) -> None:
    """Ends the session and clears its cookie. A token is not ended by this."""
    secret = request.cookies.get(COOKIE)
    if secret is not None and caller.csrf is not None:
        service.accounts.log_out(secret)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
