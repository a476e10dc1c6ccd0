"""Every route of the API says what it asks for, and nothing of it runs for anybody who may not.

The check stands before the body is read, so that somebody unknown cannot make the service take in a large one.
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
"""A proxy that is pointed at the Unix socket runs on this machine, and whom it speaks for does not."""


class AuthenticationRequiredError(ClearglassError):
    """The request says not who it comes from, or its token or session has ended."""

    code: ClassVar[str] = "authentication_required"


class CsrfError(ClearglassError):
    """A write with a session's cookie lacks the session's CSRF secret."""

    code: ClassVar[str] = "csrf"


class SessionRequiredError(ClearglassError):
    """A token asked for what only a person who logged in may do: others may hold or have issued the token."""

    code: ClassVar[str] = "session_required"


class PasswordChangeRequiredError(ClearglassError):
    """Somebody else set the password of the account that has logged in."""

    code: ClassVar[str] = "password_change_required"

    def __init__(self) -> None:
        super().__init__(
            "The password was set by somebody else and must be changed before anything else.",
            remedy="Change it on the page Account, or by PUT /api/v1/account/password.",
        )


class SecondFactorMissingError(ClearglassError):
    """The account that has logged in must have a second factor by its role, and has none."""

    code: ClassVar[str] = "second_factor_missing"

    def __init__(self) -> None:
        super().__init__(
            "Accounts of this role must have a second factor, and this one has none yet.",
            remedy="Set one up on the page Account, or by POST /api/v1/account/second-factor.",
        )


_UNDONE: Mapping[Duty, Callable[[], ClearglassError]] = {
    Duty.PASSWORD: PasswordChangeRequiredError,
    Duty.SECOND_FACTOR: SecondFactorMissingError,
}


class Bucket(StrEnum):
    """What a request counts as. SEARCHES count as requests too."""

    REQUESTS = "requests"
    SEARCHES = "searches"
    VIEWS = "views"
    FACES = "faces"


class Limits:
    """The rate limits of one app, by account: a second token buys nothing.

    Pictures have a limit of their own: a dashboard fetches several of every camera each second, and two for every
    alert it draws. So have enrolled faces, of which nobody needs many. What takes the machine's time as a search does
    is counted as one.
    """

    def __init__(
        self, *, requests_per_minute: int, searches_per_minute: int, views_per_minute: int, faces_per_minute: int
    ) -> None:
        self._requests = RateLimit("requests", requests_per_minute)
        self._searches = RateLimit("searches, enrolments and checks of the log", searches_per_minute)
        self._views = RateLimit("pictures", views_per_minute)
        self._faces = RateLimit("enrolled faces", faces_per_minute)

    def take(self, account_id: str, bucket: Bucket) -> None:
        """Raises: TooManyRequestsError."""
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
        """Counts `count` more searches. How many they would be showed only when the picture was looked at."""
        self._searches.owe(account_id, count)


def asks(
    permission: Permission,
    *,
    max_body: int = JSON_BODY,
    bucket: Bucket = Bucket.REQUESTS,
    session: bool = False,
    duties: Collection[Duty] = (),
) -> dict[str, Any]:
    """What a route's `openapi_extra` must hold: its permission, the most bytes its body may have, what it counts as.

    session: whether it takes a person, where a token is not enough: somebody who logged in with a password, or a
    command on this machine. duties: in spite of which a session may do it; one that has any other is refused.
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
    """A route that lets nobody through without the permission it names. Naming none is an error at start."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Authenticates, authorises, counts, and only then reads the body."""
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
            if max_body <= JSON_BODY:  # bounded by the number of connections
                return await handler(capped)
            with cast(Uploads, request.app.state.uploads).one(request.state.principal.account.id, capped.size):
                return await handler(capped)

        return guarded


def principal_of(request: Request) -> Principal | None:
    """Who a request comes from, by its token, its session's cookie, or the socket; None for nobody. Reads the
    database."""
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
            "Nobody is logged in.", remedy="Log in, or send a valid token as 'Authorization: Bearer …'."
        )
    if principal.csrf is not None and request.method not in _SAFE:
        sent = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), principal.csrf.encode()):
            raise CsrfError(
                "The request does not prove that it comes from this service's own pages.",
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
            "A token may not do this: it takes the person, who has logged in.",
            remedy="Log in with name and password, in the dashboard or by POST /api/v1/sessions.",
        )
    if not principal.command:  # the machine's own user may enrol a thousand people in a row
        cast(Limits, request.app.state.limits).take(principal.account.id, bucket)
    if request.method not in _SAFE:  # a page reads by itself, and writes only for a person
        service_of(request).logins.note_use(principal)
    return principal


def service_of(request: Request) -> Service:
    """The service behind the app."""
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
"""Who calls; only in routes that are not public."""
