"""Sessions: logging in and out of a browser."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.account import Principal
from api.guard import COOKIE, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission, Role

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
    def of(cls, principal: Principal) -> "WhoOut":
        """From the noun."""
        account, permissions = principal.account, sorted(principal.permissions)
        return cls(id=account.id, name=account.name, role=account.role, permissions=permissions)


class SessionOut(BaseModel):
    """Who is logged in. csrf: to be sent as X-CSRF-Token with every write; null where a token authenticates.

    emergency: of an administrator, begun while nothing could be logged: it only shows what is wrong, until the log can
    be written again.
    """

    account: WhoOut
    csrf: str | None
    expires_at: AwareDatetime | None = None
    emergency: bool = False


@router.post(
    "",
    operation_id="log_in",
    summary="Log in",
    status_code=201,
    openapi_extra=asks(Permission.PUBLIC),
)
def log_in(login: LoginIn, request: Request, response: Response, service: ServiceDep) -> SessionOut:
    """Begins a session; its secret goes into an HttpOnly cookie. Repeated failures have to wait."""
    client = request.client.host if request.client is not None else "unknown"
    session = service.accounts.log_in(login.name, login.password, client=client)
    response.set_cookie(
        COOKIE,
        session.secret,
        max_age=round(service.settings.session_hours * 3600),
        httponly=True,
        samesite="strict",
        secure=service.settings.secure_cookies or request.url.scheme == "https",
    )
    principal = session.principal
    who = WhoOut.of(principal)
    return SessionOut(account=who, csrf=session.csrf, expires_at=session.expires_at, emergency=principal.emergency)


@router.get("/current", operation_id="current_session", summary="Who am I?", openapi_extra=asks(Permission.SIGNED_IN))
def current_session(caller: Caller) -> SessionOut:
    """The account behind this request and what it may do."""
    return SessionOut(account=WhoOut.of(caller), csrf=caller.csrf, emergency=caller.emergency)


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
