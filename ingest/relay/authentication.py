"""How one connection logs in: Basic (RFC 7617) and Digest with MD5 and SHA-256 (RFC 7616), in HTTP and RTSP alike."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable

from ingest.camera.camera import Credentials
from ingest.relay.challenge import Challenge, read_challenges

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "SHA-256": hashlib.sha256,
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
"""Hashes by the algorithm's name without `-sess`, strongest first."""


class Authentication:
    """The state of one connection's login. Owned by one task. It is never shown. No login is sent before the camera has
    asked for one; the strongest scheme that it offers is used.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._count = 0
        self._proven = False
        self._renewed = False
        """True if the last challenge replaced one that was answered: a second one in a row is a refusal."""

    @property
    def given(self) -> bool:
        """True if requests carry the login now."""
        return self._challenge is not None

    def succeeded(self) -> None:
        """The camera has accepted a request: its login was right, so a later refusal is that of an old nonce."""
        self._proven, self._renewed = self.given, False

    def challenged(self, headers: Iterable[str]) -> bool:
        """Reads the WWW-Authenticate headers of a refusal; returns true if the same request should be sent again with
        `header`. False when the login was sent and refused, when there is none, or when the camera offers no known
        scheme.
        """
        if self._credentials is None:
            return False
        chosen = _strongest(read_challenges(headers))
        if chosen is None:
            return False
        stale = chosen.parameters.get("stale", "").lower() == "true" and not self._renewed
        if self.given and not (stale or self._proven):
            return False
        self._renewed = self.given
        self._challenge, self._count, self._proven = chosen, 0, False
        return True

    def header(self, method: str, uri: str) -> str | None:
        """The Authorization header's value for a request; None while the camera has asked for no login."""
        if self._challenge is None or self._credentials is None:
            return None
        if self._challenge.scheme == "basic":
            login = f"{self._credentials.username}:{self._credentials.password}"
            return "Basic " + base64.b64encode(login.encode()).decode()
        self._count += 1
        return _digest(self._challenge, self._credentials, method, uri, self._count)


def _strongest(challenges: Iterable[Challenge]) -> Challenge | None:
    order = [*_HASHES, "BASIC"]
    known = [challenge for challenge in challenges if _strength(challenge) in order]
    return min(known, key=lambda challenge: order.index(_strength(challenge)), default=None)


def _strength(challenge: Challenge) -> str:
    """The name of a digest's hash, or BASIC; another text for an unknown scheme."""
    if challenge.scheme != "digest":
        return challenge.scheme.upper()
    if "nonce" not in challenge.parameters or not _quality_known(challenge):
        return ""
    return challenge.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _quality_known(challenge: Challenge) -> bool:
    """True if a digest without the body is enough (`auth`, or RFC 2069's without a quality of protection)."""
    offered = challenge.parameters.get("qop")
    return offered is None or "auth" in [quality.strip().lower() for quality in offered.split(",")]


def _digest(challenge: Challenge, credentials: Credentials, method: str, uri: str, count: int) -> str:
    """RFC 7616, 3.4.1 to 3.4.3; without `qop` the form of RFC 2069, which most cameras use."""
    asked = challenge.parameters
    algorithm = asked.get("algorithm", "MD5")
    digest = _HASHES[algorithm.upper().removesuffix("-SESS")]

    def hashed(*parts: str) -> str:
        return digest(":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    client_nonce, counted = secrets.token_hex(16), f"{count:08x}"
    owner = hashed(credentials.username, realm, credentials.password)
    if algorithm.upper().endswith("-SESS"):
        owner = hashed(owner, nonce, client_nonce)
    request = hashed(method, uri)
    fields = {"username": credentials.username, "realm": realm, "nonce": nonce, "uri": uri}
    bare = {"algorithm": algorithm} if "algorithm" in asked else {}
    if "qop" in asked:
        fields["response"] = hashed(owner, nonce, counted, client_nonce, "auth", request)
        fields["cnonce"] = client_nonce
        bare |= {"qop": "auth", "nc": counted}
    else:
        fields["response"] = hashed(owner, nonce, request)
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
    return "Digest " + ", ".join([*quoted, *(f"{name}={value}" for name, value in bare.items())])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
