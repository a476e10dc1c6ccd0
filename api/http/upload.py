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

JSON_BODY = 64 * 1024
PICTURE_BYTES = 20 * 1024 * 1024
"""The most one picture may have; matcher.recognition.image has the same cap."""
_FORM_EXTRA = 64 * 1024
ONE_PICTURE = PICTURE_BYTES + _FORM_EXTRA
TWO_PICTURES = 2 * PICTURE_BYTES + _FORM_EXTRA
MAX_PICTURES = 20
ENROLMENT_BODY = 100 * 1024 * 1024


class _InMemoryParser(MultiPartParser):
    spool_max_size = 2**62

    @property
    def overfull(self) -> bool:
        """Whether there were more files than are taken."""
        return self._current_files > self.max_files


class CappedRequest(Request):
    """A request whose body may have `max_body` bytes, as declared and as they arrive."""

    def __init__(self, scope: Scope, receive: Receive, *, max_body: int) -> None:
        super().__init__(scope, receive)
        self._max_body = max_body

    @property
    def size(self) -> int:
        """The most bytes that the body can have: as declared, or as many as it may have where nothing is declared."""
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
                raise HTTPException(413 if parser.overfull else 400) from error
        return self._form
