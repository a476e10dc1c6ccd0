"""What a request shows of itself at a login, and the cookie by which its device is known at later ones."""

from fastapi import Request, Response

from api.access.logins import Attempt
from api.http.admission import client_of
from api.settings import ApiSettings

_DEVICE = "clearglass_device_"
"""How the cookie's name begins; the account's id follows."""


def attempt_of(request: Request, password: str, code: str | None) -> Attempt:
    """With where it comes from, and the devices' cookies."""
    devices = {name.removeprefix(_DEVICE): value for name, value in request.cookies.items() if name.startswith(_DEVICE)}
    return Attempt(password=password, code=code, client=client_of(request), devices=devices)


def remember_device(
    request: Request, response: Response, settings: ApiSettings, *, account_id: str, device: str
) -> None:
    """Gives the browser the cookie of this account. It is sent to the API only, and lets nobody in."""
    response.set_cookie(
        f"{_DEVICE}{account_id}",
        device,
        max_age=settings.device_days * 24 * 3600,
        path="/api/v1",
        httponly=True,
        samesite="strict",
        secure=is_secure(request, settings),
    )


def is_secure(request: Request, settings: ApiSettings) -> bool:
    """Whether cookies are to travel by TLS only."""
    return settings.secure_cookies or request.url.scheme == "https"
