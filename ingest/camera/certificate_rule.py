"""The rule for a camera's certificate, as people write it."""

import re
from typing import ClassVar

from ingest.camera.camera import UNVERIFIED
from matcher.errors import ClearglassError

_FINGERPRINT = re.compile(r"sha-?256(?: fingerprint)?\s*[:=]\s*([0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})", re.I)


class CertificateRuleError(ClearglassError):
    """A camera's certificate rule cannot be read, or the camera's address uses no TLS."""

    code: ClassVar[str] = "camera_certificate_invalid"


def parse_certificate_rule(text: str) -> str:
    """The rule as Camera.certificate holds it: UNVERIFIED, or "sha256:" and 64 lower-case hex digits.

    A fingerprint may have colons and upper case, and the form that `openssl x509 -noout -fingerprint -sha256` prints.
    Raises CertificateRuleError.
    """
    text = text.strip()
    if text.lower() == UNVERIFIED:
        return UNVERIFIED
    found = _FINGERPRINT.fullmatch(text)
    if found is None:
        raise CertificateRuleError(
            "The camera's certificate is not given as a SHA-256 fingerprint.",
            remedy=f'Write "sha256:" and its 64 hex digits, as openssl prints them, or "{UNVERIFIED}" to accept any '
            "certificate.",
        )
    return f"sha256:{found[1].replace(':', '').lower()}"
