"""The challenges of a WWW-Authenticate header, by which a server asks for a login (RFC 9110, 11.6.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar of a token
_PART = re.compile(
    rf"[\s,]*(?:(?P<name>{_TOKEN})\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,\"]+))|(?P<scheme>{_TOKEN}))"
)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One scheme by which a server accepts a login. scheme: lower case. parameters: by lower-case name, unquoted."""

    scheme: str
    parameters: Mapping[str, str]


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of all WWW-Authenticate headers of an answer, in their order. Invalid ones are left out."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        place = 0
        while (part := _PART.match(header, place)) is not None and part.end() > place:
            place = part.end()
            if part["scheme"] is not None:
                found.append((part["scheme"].lower(), {}))
            elif found:
                value = part["bare"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
                found[-1][1][part["name"].lower()] = value
    return [Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in found]
