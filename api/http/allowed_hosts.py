"""Requests are answered for the names of this service only.

A page elsewhere whose own name is made to point here (DNS rebinding) asks under that name, and gets nothing.
"""

import re
from collections.abc import Awaitable, Iterable
from typing import ClassVar, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import STATUS, error_response
from matcher.errors import ClearglassError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]*)?", flags=re.ASCII)


class HostUnknownError(ClearglassError):
    """A request is for a host that is not this service."""

    code: ClassVar[str] = "host_unknown"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"The request is for the host {host[:255]!r}, and this service does not answer under that name.",
            remedy="Use the service's own address; or name the host in CLEARGLASS_ALLOWED_HOSTS.",
        )


class AllowedHosts:
    """Answers requests for `names`, for this machine's own loopback names, and for the address a request came in at.

    It returns what the app returns, as `SecurityHeaders` does.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = _LOOPBACK | {name.strip().lower().strip("[]") for name in names} - {""}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One request."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            name = _name(host)
            if name not in self._names and name != _own_address(scope):
                error = HostUnknownError(host)
                answer = error_response(STATUS[error.code], error.code, error.message, error.remedy)
                return answer(scope, receive, send)
        return self._app(scope, receive, send)


def _name(host: str) -> str:
    """A Host header's name or address without its port; nothing if it is neither."""
    found = _HOST.fullmatch(host)
    return "" if found is None else (found[1] or found[2]).lower().removesuffix(".")


def _own_address(scope: Scope) -> str | None:
    """Where the request came in. An address that is one's own cannot be a foreign page's name."""
    server = scope.get("server")
    return None if server is None else str(server[0]).removeprefix("::ffff:")
