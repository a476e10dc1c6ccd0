"""The dashboard's pages. They contain no data: each fetches it from the API, which alone decides on permissions."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from api.access.account import Principal
from api.access.passwords import MAX_LENGTH, MIN_LENGTH
from api.http.errors import http_error
from api.http.guard import COOKIE, principal_of, service_of
from api.permission import Permission
from api.routers.operating_points import OperatingPointOut, ScaleOut
from matcher.matcher import Matcher
from matcher.recognition.operating_point import OperatingPoint, OperatingPointError

_HERE = Path(__file__).parent

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class NavPage:
    """A page of the navigation, with the permission that it needs."""

    name: str
    path: str
    label: str
    permission: Permission

    @property
    def icon(self) -> str:
        """Its symbol in the sprite file."""
        return {"alerts": "alert", "cameras": "camera"}.get(self.name, self.name)


NAV_PAGES = (
    NavPage(name="live", path="/", label="Live", permission=Permission.LIVE),
    NavPage(name="alerts", path="/alerts", label="Alerts", permission=Permission.ALERTS_READ),
    NavPage(name="people", path="/people", label="People", permission=Permission.SUBJECTS_READ),
    NavPage(name="cameras", path="/cameras", label="Cameras", permission=Permission.CAMERAS_READ),
    NavPage(name="log", path="/log", label="Log", permission=Permission.LOG_VERIFY),
)


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """The viewer of a page. permissions: decide what the page offers; the API decides what is allowed. duty: the step
    that the session must complete first; until then the pages offer nothing else. emergency: true if the session began
    while the log could not be written; then pages show only what is wrong."""

    id: str
    name: str
    role: str
    permissions: tuple[str, ...]
    emergency: bool
    duty: str = ""

    @classmethod
    def of(cls, principal: Principal) -> "Viewer":
        """The viewer behind a session."""
        held = () if principal.due else tuple(sorted(principal.permissions))
        account = principal.account
        return cls(
            id=account.id,
            name=account.name,
            role=account.role.value,
            permissions=held,
            emergency=principal.emergency,
            duty=principal.due or "",
        )

    def may(self, permission: str) -> bool:
        """True if the viewer's role holds this permission."""
        return permission in self.permissions


@cache
def _templates() -> Jinja2Templates:
    return Jinja2Templates(directory=_HERE / "templates")


@cache
def _files() -> StaticFiles:
    return StaticFiles(directory=_HERE / "static")


def _page(
    request: Request, template: str, page: NavPage, permission: Permission | None = None, **context: Any
) -> Response:
    """A page, for viewers with its permission; else a redirect to the login, or from `/` to the first page that is
    allowed."""
    principal = principal_of(request)
    if principal is None:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        ended = "&ended" if COOKIE in request.cookies else ""
        return RedirectResponse(f"/login?next={quote(here, safe='')}{ended}", status_code=303)
    service_of(request).logins.note_use(principal)
    if principal.due is not None and page is not _ACCOUNT:
        return RedirectResponse(_ACCOUNT.path, status_code=303)
    viewer = Viewer.of(principal)
    pages = [one for one in NAV_PAGES if viewer.may(one.permission)]
    allowed = page is _ACCOUNT or viewer.may(permission or page.permission)
    if not allowed and request.url.path == "/":
        return RedirectResponse(pages[0].path, status_code=303)
    return _templates().TemplateResponse(
        request,
        template if allowed else "closed.html",
        {"viewer": viewer, "pages": pages, "here": page.name} | context,
        status_code=200 if allowed else 403,
    )


_ACCOUNT = NavPage(name="account", path="/account", label="Account", permission=Permission.SIGNED_IN)
"""Not in the navigation: it is linked by the name at the head of every page."""

_LIVE, _ALERTS, _PEOPLE, _CAMERAS, _LOG = NAV_PAGES


@router.get("/login")
def login(request: Request) -> Response:
    """The login page."""
    return _templates().TemplateResponse(request, "login.html")


@router.get("/receipt")
def receipt(request: Request) -> Response:
    """Checks a receipt in the browser; open to everybody, since holders of receipts need no account."""
    return _templates().TemplateResponse(request, "receipt.html")


@router.get("/")
def live(request: Request) -> Response:
    """Every camera's newest picture, and the alerts as they come."""
    return _page(request, "live.html", _LIVE)


@router.get("/alerts")
def alerts(request: Request) -> Response:
    """The alerts to review, and the one that `?alert=` names beside its reference. A dissimilarity has no meaning
    without the evidence of its threshold, so the page includes the operating points.
    """
    matcher = service_of(request).matcher
    points = [OperatingPointOut.of(point).model_dump() for point in _points(matcher)]
    scale = ScaleOut.of(matcher.scale)
    return _page(request, "alerts.html", _ALERTS, points=points, scale=None if scale is None else scale.model_dump())


def _points(matcher: Matcher) -> Iterable[OperatingPoint]:
    """Alerts can be reviewed while the site's file cannot be read; the page of thresholds shows that error."""
    try:
        return matcher.operating_points().values()
    except OperatingPointError:
        return (matcher.identifier.operating_point,)


@router.get("/threshold")
def threshold(request: Request) -> Response:
    """The threshold in use with its evidence, and the expected errors of all thresholds at this gallery and its
    traffic."""
    return _page(request, "threshold.html", _ALERTS)


@router.get("/people")
def people(request: Request) -> Response:
    """All enrolled people, with the state of their consent."""
    return _page(request, "people.html", _PEOPLE)


@router.get("/people/enrol")
def enrol(request: Request) -> Response:
    """The form that enrols a person."""
    return _page(request, "enrol.html", _PEOPLE, Permission.SUBJECTS_WRITE)


@router.get("/people/{subject_id}")
def person(request: Request) -> Response:
    """One person's consents and references. The page's script reads the id from the address."""
    return _page(request, "person.html", _PEOPLE)


@router.get("/cameras")
def cameras(request: Request) -> Response:
    """The cameras, their health, and the form that adds one."""
    return _page(request, "cameras.html", _CAMERAS)


@router.get("/cameras/{camera_id}/check")
def camera_check(request: Request) -> Response:
    """The check of one camera's fitness for recognition. The page's script reads the id from the address."""
    return _page(request, "camera_check.html", _CAMERAS)


@router.get("/log")
def log(request: Request) -> Response:
    """The audit log's entries, and the result of its check."""
    return _page(request, "log.html", _LOG)


@router.get("/log/searches")
def searches(request: Request) -> Response:
    """The auditor's view of the searches."""
    return _page(request, "searches.html", _LOG, Permission.LOG_READ)


@router.get("/account")
def account(request: Request) -> Response:
    """One's own account: the password and the second factor."""
    return _page(request, "account.html", _ACCOUNT, min_length=MIN_LENGTH, max_length=MAX_LENGTH)


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """A file of the dashboard. Browsers cache it, and revalidate it each time."""
    response = await _files().get_response(name, request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


def install(app: FastAPI) -> None:
    """Answers requests for unknown pages: browsers get a page, all other clients the API's error."""
    app.add_exception_handler(404, _not_found)


def _not_found(request: Request, error: Exception) -> Response:
    is_page = request.method == "GET" and not request.url.path.startswith("/api/")
    if is_page and "text/html" in request.headers.get("accept", ""):
        return _templates().TemplateResponse(request, "not_found.html", status_code=404)
    return http_error(request, error)
