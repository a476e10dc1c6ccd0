"""Checks the permission that a route names before the route runs, for every route of the API.

The check precedes the reading of the body, so that a caller without permission cannot send a large one.
"""

import hmac
from collections.abc import Callable, Collection, Coroutine, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, cast

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.account import Duty, Principal
from api.access.peer import Peer
from api.access.throttle import RateLimit
from api.http.upload import JSON_BODY, CappedRequest
from api.http.uploads import Uploads
from api.permission import PERMISSIONS, EmergencySessionError, Permission, PermissionDeniedError
from api.service import Service
from matcher.errors import ClearglassError

COOKIE = "clearglass_session"
CSRF_HEADER = "X-CSRF-Token"
PERMISSION_KEY = "x-permission"
MAX_BODY_KEY = "x-max-body-bytes"
RATE_KEY = "x-rate-limit"
SESSION_KEY = "x-session-only"
DUTY_KEY = "x-duties"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
"""Headers of a proxy. A proxy may connect to the Unix socket as a local user, but its clients may be remote."""


class AuthenticationRequiredError(ClearglassError):
    """The request names no account, or its token or session has ended."""

    code: ClassVar[str] = "authentication_required"


class CsrfError(ClearglassError):
    """A request that writes has a session's cookie but not the session's CSRF secret."""

    code: ClassVar[str] = "csrf"


class SessionRequiredError(ClearglassError):
    """A token was used for an action that needs a login, since another person may hold or have issued the token."""

    code: ClassVar[str] = "session_required"


class PasswordChangeRequiredError(ClearglassError):
    """Another person set the password of the account that has logged in, so it must be changed first."""

    code: ClassVar[str] = "password_change_required"

    def __init__(self) -> None:
        super().__init__(
            "Another person set this password. It must be changed before any other action.",
            remedy="Change it on the page Account, or by PUT /api/v1/account/password.",
        )


class SecondFactorMissingError(ClearglassError):
    """The role of the account that has logged in requires a second factor, and the account has none."""

    code: ClassVar[str] = "second_factor_missing"

    def __init__(self) -> None:
        super().__init__(
            "Accounts of this role must have a second factor, and this account has none yet.",
            remedy="Set one up on the page Account, or by POST /api/v1/account/second-factor.",
        )


_UNDONE: Mapping[Duty, Callable[[], ClearglassError]] = {
    Duty.PASSWORD: PasswordChangeRequiredError,
    Duty.SECOND_FACTOR: SecondFactorMissingError,
}


class Bucket(StrEnum):
    """The rate limit for which a request counts. SEARCHES also count as REQUESTS."""

    REQUESTS = "requests"
    SEARCHES = "searches"
    VIEWS = "views"
    FACES = "faces"


class Limits:
    """The rate limits of one app. They apply to an account, so that several tokens do not raise them.

    Pictures have their own limit: a dashboard fetches several of each camera every second, and two for each alert.
    Enrolled faces have their own, low limit. Requests that take as much time as a search count as searches.
    """

    def __init__(
        self, *, requests_per_minute: int, searches_per_minute: int, views_per_minute: int, faces_per_minute: int
    ) -> None:
        self._requests = RateLimit("requests", requests_per_minute)
        self._searches = RateLimit("searches, enrolments and checks of the log", searches_per_minute)
        self._views = RateLimit("pictures", views_per_minute)
        self._faces = RateLimit("enrolled faces", faces_per_minute)

    def take(self, account_id: str, bucket: Bucket) -> None:
        """Counts one request. Raises TooManyRequestsError."""
        if bucket is Bucket.VIEWS:
            self._views.take(account_id)
            return
        if bucket is Bucket.FACES:
            self._faces.take(account_id)
            return
        self._requests.take(account_id)
        if bucket is Bucket.SEARCHES:
            self._searches.take(account_id)

    def owe_searches(self, account_id: str, count: int) -> None:
        """Counts `count` more searches, when the analysis of a picture has shown how many faces are searched for."""
        self._searches.owe(account_id, count)


def asks(
    permission: Permission,
    *,
    max_body: int = JSON_BODY,
    bucket: Bucket = Bucket.REQUESTS,
    session: bool = False,
    duties: Collection[Duty] = (),
) -> dict[str, Any]:
    """Returns a route's `openapi_extra`: its permission, its greatest body in bytes, and its rate limit.

    session: whether it needs a login with a password or a command on this machine, so that a token is not sufficient.
    duties: the duties that do not prevent it; an account with any other open duty is refused.
    """
    extra: dict[str, Any] = {
        PERMISSION_KEY: permission.value,
        MAX_BODY_KEY: max_body,
        RATE_KEY: bucket.value,
        SESSION_KEY: session,
        DUTY_KEY: sorted(duties),
    }
    if permission is Permission.PUBLIC:
        extra["security"] = []
    elif session:
        extra["security"] = [{"session": []}]
    return extra


class GuardedRoute(APIRoute):
    """A route that refuses callers without the permission that it names. At the start each route must name one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns a handler that authenticates, authorises and counts the caller, and only then reads the body."""
        handler = super().get_route_handler()
        extra = self.openapi_extra or {}
        if PERMISSION_KEY not in extra:
            raise TypeError(f"the route {self.path} names no permission: openapi_extra=asks(...)")
        permission = Permission(extra[PERMISSION_KEY])
        bucket, session = Bucket(extra[RATE_KEY]), bool(extra[SESSION_KEY])
        duties = frozenset(map(Duty, extra[DUTY_KEY]))
        max_body = int(extra[MAX_BODY_KEY])

        async def guarded(request: Request) -> Response:
            if permission is not Permission.PUBLIC:
                request.state.principal = await run_in_threadpool(_admit, request, permission, bucket, session, duties)
            capped = CappedRequest(request.scope, request.receive, max_body=max_body)
            if max_body <= JSON_BODY:  # the number of connections limits the memory of small bodies
                return await handler(capped)
            with cast(Uploads, request.app.state.uploads).one(request.state.principal.account.id, capped.size):
                return await handler(capped)

        return guarded


def principal_of(request: Request) -> Principal | None:
    """Returns the caller, by the request's token, its session's cookie, or the socket; None if there is none.

    Reads the database.
    """
    logins = service_of(request).logins
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return logins.by_token(token.strip())
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        return logins.by_session(cookie)
    peer: Peer | None = getattr(request.state, "peer", None)
    if peer is None or not _FORWARDED.isdisjoint(request.headers):
        return None
    return peer.principal


def _admit(
    request: Request, permission: Permission, bucket: Bucket, session: bool, duties: Collection[Duty]
) -> Principal:
    principal = principal_of(request)
    if principal is None:
        raise AuthenticationRequiredError(
            "The request has no valid login.", remedy="Log in, or send a valid token as 'Authorization: Bearer …'."
        )
    if principal.csrf is not None and request.method not in _SAFE:
        sent = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), principal.csrf.encode()):
            raise CsrfError(
                "The request does not prove that it comes from a page of this service.",
                remedy=f"Send the session's csrf value in the header {CSRF_HEADER}.",
            )
    if principal.due is not None and principal.due not in duties:
        raise _UNDONE[principal.due]()
    if not principal.may(permission):
        if permission in PERMISSIONS[principal.role]:
            raise EmergencySessionError
        raise PermissionDeniedError(principal.role, permission)
    # A command has no account of its own to change.
    command = principal.command and permission is not Permission.SIGNED_IN
    if session and principal.csrf is None and not command:
        raise SessionRequiredError(
            "A token may not do this: the person must log in.",
            remedy="Log in with name and password, in the dashboard or by POST /api/v1/sessions.",
        )
    if not principal.command:  # a command on this machine may enrol a thousand people in a row
        cast(Limits, request.app.state.limits).take(principal.account.id, bucket)
    if request.method not in _SAFE:  # a page reads without its user, but writes only at the user's action
        service_of(request).logins.note_use(principal)
    return principal


def service_of(request: Request) -> Service:
    """Returns the service behind the app."""
    return cast(Service, request.app.state.service)


async def _service(request: Request) -> Service:
    return service_of(request)


async def _limits(request: Request) -> Limits:
    return cast(Limits, request.app.state.limits)


async def _principal(request: Request) -> Principal:
    return cast(Principal, request.state.principal)


LimitsDep = Annotated[Limits, Depends(_limits)]
ServiceDep = Annotated[Service, Depends(_service)]
Caller = Annotated[Principal, Depends(_principal)]
"""The caller; only in routes that are not public."""
