"""The HTTP application: routers, guards, error form and headers around one service."""

from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.allowed_hosts import AllowedHosts
from api.http.errors import ErrorBody, add_error_handlers
from api.http.guard import COOKIE, CSRF_HEADER, PERMISSION_KEY, Limits
from api.http.headers import SecurityHeaders
from api.http.metrics import metrics_router
from api.http.upload import ENROLMENT_BODY, FIELD_BYTES, MAX_FIELDS, MAX_FILES
from api.http.uploads import Uploads
from api.permission import Permission
from api.routers import (
    accounts,
    alerts,
    camera_checks,
    cameras,
    consents,
    events,
    gallery,
    health,
    log,
    log_live,
    log_resumption,
    log_searches,
    operating_points,
    own_account,
    photographs,
    published_log,
    references,
    searches,
    sessions,
    subjects,
)
from api.service import Service
from api.version import app_version

PREFIX = "/api/v1"
_DESCRIPTION = f"""Consent-first face matching, with a query log anyone can check.

Authenticate with a token (`Authorization: Bearer …`) or with the session cookie that `POST {PREFIX}/sessions` sets;
writes with the cookie need the session's `csrf` in `{CSRF_HEADER}`. Every error has the same form: code, message and
remedy. `x-permission` names the permission an operation asks for, `x-rate-limit` what it is counted as, and
`x-session-only` says that no token is enough. A session whose password somebody else set, or whose role asks for a
second factor that is missing, may only do what names that in `x-duties`."""

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": description}
    for status, description in {
        400: "The request cannot be read.",
        401: "The request has no valid login, or its token has ended.",
        403: "The role, the site's rules or a missing consent forbid it.",
        404: "There is no such thing.",
        408: "The request did not arrive in time.",
        409: "It is there already, or was done already.",
        410: "The person has withdrawn.",
        413: "Too large.",
        415: "Not a kind of picture or request that is taken.",
        421: "The request is for another host than this service.",
        422: "The request or the picture is not as it must be; the message says where.",
        429: "Too often; see Retry-After.",
        500: "A fault inside the service.",
        503: "The audit log or the database cannot be written now, or too much is asked at once; nothing was done.",
        507: "The disk is full.",
    }.items()
}


def create_app(service: Service, *, host: str = "") -> FastAPI:
    """The app for one service, which it neither starts nor closes. host: a name under which the service listens."""
    settings = service.settings
    app = FastAPI(
        title="Clearglass",
        version=app_version(),
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they load files from other hosts
        redoc_url=None,
        responses=_ERRORS,
        redirect_slashes=False,
        form_limits={"max_files": MAX_FILES, "max_fields": MAX_FIELDS, "max_part_size": FIELD_BYTES},
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    app.state.limits = Limits(
        requests_per_minute=settings.requests_per_minute,
        searches_per_minute=settings.searches_per_minute,
        views_per_minute=settings.views_per_minute,
        faces_per_minute=settings.faces_per_minute,
    )
    app.state.uploads = Uploads(settings.upload_bytes, largest=ENROLMENT_BODY)
    app.state.health_look = health.HealthLook(service)
    app.state.log_verifier = log.LogVerifier(service)
    app.add_middleware(AllowedHosts, names=[host, *settings.allowed_hosts.split(",")])
    app.add_middleware(SecurityHeaders)
    add_error_handlers(app)
    for noun in (
        health,
        sessions,
        own_account,
        accounts,
        camera_checks,
        cameras,
        gallery,
        subjects,
        consents,
        references,
        searches,
        photographs,
        alerts,
        log,
        log_live,
        log_resumption,
        log_searches,
        operating_points,
        events,
    ):
        app.include_router(noun.router, prefix=PREFIX)
    app.include_router(published_log.router)
    app.include_router(metrics_router(public=settings.metrics_open))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    _include_dashboard(app)
    return app


def _include_dashboard(app: FastAPI) -> None:
    if find_spec("api.dashboard.pages") is None:
        return
    from api.dashboard import pages

    app.include_router(pages.router, include_in_schema=False)
    install = getattr(pages, "install", None)
    if install is not None:
        install(app)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        schema["security"] = [{"token": []}, {"session": []}]
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                _keep_possible_errors(path, method, operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _keep_possible_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    """Removes from an operation's answers the errors that it cannot give."""
    impossible: set[str] = set()
    sends = "requestBody" in operation or "parameters" in operation
    if "requestBody" not in operation:
        impossible |= {"400", "408", "413", "415"}
    if "{" not in path:
        impossible.add("410")
    if not sends:  # a request may name an object that does not exist
        impossible.add("404")
    if method == "get":
        impossible |= {"409", "507"}
    if operation[PERMISSION_KEY] == Permission.PUBLIC and "requestBody" not in operation:
        impossible |= {"401", "403", "429"}
        if not sends:
            impossible.add("422")
    for status in impossible:
        operation["responses"].pop(status, None)
