"""A request to a rehearsal's server."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as received, including a login, so that a test can check if one was sent. headers: names in lower
    case.

    uri: as in the request line: an address in RTSP, a path with its query in HTTP.
    """

    method: str
    uri: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.uri).path

    @property
    def has_authorization(self) -> bool:
        """Whether an Authorization header was sent."""
        return "authorization" in self.headers

    @property
    def authorization_scheme(self) -> str | None:
        """The scheme of the Authorization header in lower case, such as "digest"; None without the header."""
        header = self.headers.get("authorization")
        return None if header is None else header.partition(" ")[0].lower()
