"""Bodies of requests: counted while they are read, and pictures held in memory only.

A probe that matches nobody must leave no byte on the disk, so the temporary files that form parsers like to spill
into are not used.
"""

from collections.abc import AsyncGenerator

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Receive, Scope

from api.slots import Slots
from matcher.picture.decoding import AT_ONCE

JSON_BODY = 64 * 1024
PICTURE_BYTES = 20 * 1024 * 1024
"""The most one picture may have; matcher.recognition.image has the same cap."""
_FORM_EXTRA = 64 * 1024
ONE_PICTURE = PICTURE_BYTES + _FORM_EXTRA
TWO_PICTURES = 2 * PICTURE_BYTES + _FORM_EXTRA
MAX_PICTURES = 20
ENROLMENT_BODY = 100 * 1024 * 1024

ENROLMENT_SECONDS = 60.0
"""How long an enrolment waits for each of its pictures: to be sent away at the last would lose all before it."""

LOOKING = Slots("pictures to look at", at_once=AT_ONCE, seconds=5.0)
"""A request holds one while it decodes and looks at a picture, which may take half a gigabyte for a while. There are
as many as decoders (`matcher.picture.decoders`)."""


class _InMemoryParser(MultiPartParser):
    spool_max_size = 2**62


class CappedRequest(Request):
    """A request whose body may have `max_body` bytes, as declared and as they arrive."""

    def __init__(self, scope: Scope, receive: Receive, *, max_body: int) -> None:
        super().__init__(scope, receive)
        self._max_body = max_body

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

    async def _get_form(
        self, *, max_files: float = 1000, max_fields: float = 1000, max_part_size: int = 1024 * 1024
    ) -> FormData:
        if self._form is None:
            if not self.headers.get("content-type", "").lower().startswith("multipart/form-data"):
                raise HTTPException(415)
            parser = _InMemoryParser(
                self.headers, self.stream(), max_files=MAX_PICTURES + 1, max_fields=20, max_part_size=_FORM_EXTRA
            )
            try:
                self._form = await parser.parse()
            # Beside the parser's own: some encodings that a header may name fail in their own way.
            except (MultiPartException, UnicodeError) as error:
                raise HTTPException(400) from error
        return self._form
