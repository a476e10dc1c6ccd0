"""Asks viewers for a login as cameras do: Basic (RFC 7617), or Digest with MD5 or SHA-256 (RFC 7616).

Without qop, Digest is that of RFC 2069, which RFC 7616 has left out and which cameras still speak.
"""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Mapping

REALM = "rehearsal"
OPAQUE = "5ccc069c403ebaf9f0171e9517f40e41"
"""Sent with every Digest challenge; the answer must repeat it (RFC 7616, 3.4)."""

_OFFERS = {
    "": ("MD5",),
    "basic": ("Basic",),
    "md5": ("MD5",),
    "sha256": ("SHA-256",),
    "both": ("Basic", "MD5", "SHA-256"),
}
"""The schemes offered, in this order, for a value of `Trouble.auth`."""

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


class Guard:
    """Judges the Authorization headers of one viewer, or of all viewers of one server. Not safe between threads.

    scheme, qop, stale: as in `Trouble`. As strict as a camera may be: the opaque value must come back, the address in
    the answer must be the request's, and with qop no nonce count may come twice for a nonce.
    """

    def __init__(self, login: tuple[str, str], *, scheme: str, qop: bool, stale: bool) -> None:
        self._login = login
        self._offers = _OFFERS[scheme]
        self._qop = qop
        self._to_be_stale = stale
        self._nonce = secrets.token_hex(16)
        self._counts: set[str] = set()

    def refusal(self, authorization: str, *, method: str, uri: str) -> list[str] | None:
        """The WWW-Authenticate values of the answer 401; None when the login is right."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "basic" and "Basic" in self._offers and self._basic(rest):
            return None
        if scheme.lower() == "digest" and self._digest(rest, method, uri):
            if not self._to_be_stale:
                return None
            self._to_be_stale = False
            self._nonce = secrets.token_hex(16)
            return self._challenges(", stale=true")
        return self._challenges("")

    def _challenges(self, stale: str) -> list[str]:
        qop = ', qop="auth"' if self._qop else ""
        rest = f'nonce="{self._nonce}", opaque="{OPAQUE}"{qop}{stale}'
        return [
            f'Basic realm="{REALM}"' if offer == "Basic" else f'Digest realm="{REALM}", algorithm={offer}, {rest}'
            for offer in self._offers
        ]

    def _basic(self, encoded: str) -> bool:
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            return False
        return secrets.compare_digest(given, ":".join(self._login).encode())

    def _digest(self, text: str, method: str, uri: str) -> bool:
        given = {name: quoted or bare for name, quoted, bare in _FIELD.findall(text)}
        algorithm = given.get("algorithm", "MD5").upper()
        expected = {"username": self._login[0], "realm": REALM, "nonce": self._nonce, "uri": uri, "opaque": OPAQUE}
        if self._qop:
            expected["qop"] = "auth"
        if algorithm not in self._offers or any(given.get(name) != value for name, value in expected.items()):
            return False
        if not secrets.compare_digest(given.get("response", ""), self._response(given, algorithm, method)):
            return False
        return not self._qop or self._counted(given.get("nc", ""))

    def _response(self, given: Mapping[str, str], algorithm: str, method: str) -> str:
        owner = _hash(algorithm, f"{self._login[0]}:{REALM}:{self._login[1]}")
        request = _hash(algorithm, f"{method}:{given['uri']}")
        middle = f"{given['nonce']}:"
        if self._qop:
            middle += f"{given.get('nc', '')}:{given.get('cnonce', '')}:auth:"
        return _hash(algorithm, f"{owner}:{middle}{request}")

    def _counted(self, count: str) -> bool:
        """True if a nonce count is well formed and was not used before."""
        count = f"{self._nonce} {count}" if re.fullmatch("[0-9a-f]{8}", count) else ""
        fresh = bool(count) and count not in self._counts
        self._counts.add(count)
        return fresh


def _hash(algorithm: str, text: str) -> str:
    if algorithm == "MD5":
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()
