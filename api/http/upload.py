"""Bodies of requests: counted while they are read, and pictures held in memory only.

A probe that matches nobody must leave no byte on the disk, so the temporary files that form parsers like to spill
into are not used.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.types import Receive, Scope

JSON_BODY = 64 * 1024
PICTURE_BYTES = 20 * 1024 * 1024
"""The most one picture may have; matcher.recognition.image has the same cap."""
_FORM_EXTRA = 64 * 1024
ONE_PICTURE = PICTURE_BYTES + _FORM_EXTRA
TWO_PICTURES = 2 * PICTURE_BYTES + _FORM_EXTRA
MAX_PICTURES = 20
ENROLMENT_BODY = 100 * 1024 * 1024
MAX_FILES = 10 * MAX_PICTURES
"""The greatest number of files in any form. A route with a lower limit reports its own error."""
MAX_FIELDS = 20
FIELD_BYTES = _FORM_EXTRA


class _InMemoryParser(MultiPartParser):
    spool_max_size = 2**62


class CappedRequest(Request):
    """A request whose body is limited to `max_body` bytes. Content-Length and received bytes are checked."""

    def __init__(self, scope: Scope, receive: Receive, *, max_body: int) -> None:
        super().__init__(scope, receive)
        self._max_body = max_body

    @property
    def size(self) -> int:
        """The largest possible body in bytes: the Content-Length, or `max_body` if it is missing; 0 without a body."""
        declared = self.headers.get("content-length", "")
        if declared.isdecimal():
            return min(int(declared), self._max_body)
        return self._max_body if "transfer-encoding" in self.headers else 0

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces. Raises: HTTPException 413 as soon as it is too large."""
        declared = self.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._max_body:
            raise HTTPException(413)
        received = 0
        async for chunk in super().stream():
            received += len(chunk)
            if received > self._max_body:
                raise HTTPException(413)
            yield chunk

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override]  # FastAPI awaits it, once
        """The form, with its files in memory; the caller closes it. limits: the application's `form_limits`
        (`api.app`), which FastAPI passes on.

        Raises: HTTPException 415 if it is no multipart form, 413 as `stream` does. FastAPI answers any other exception
        with 400.
        """
        if not self.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise HTTPException(415)
        async with aclosing(self.stream()) as body:
            return await _InMemoryParser(self.headers, body, **limits).parse()
