"""Checks a camera's certificate: a trusted authority must have issued it for its host, or it must be the pinned one, or
any is accepted."""

import hashlib
import ssl
from pathlib import Path
from typing import ClassVar

from ingest.camera.address import Address
from ingest.camera.camera import UNVERIFIED
from matcher.errors import ClearglassError

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by itself",
    20: "was issued by an authority that this machine does not know",
    21: "was issued by an authority that this machine does not know",
    23: "was revoked",
    62: "belongs to another host",
    64: "belongs to another host",
}
"""Reasons by OpenSSL's X509_V_ERR codes (x509_vfy.h)."""


class CameraCertificateError(ClearglassError):
    """The camera's certificate is not the one that its rule asks for. No login was sent."""

    code: ClassVar[str] = "camera_certificate"


class AuthoritiesError(ClearglassError):
    """The site's file of trusted authorities cannot be used."""

    code: ClassVar[str] = "camera_authorities"


def context(rule: str | None, authorities: Path | None) -> ssl.SSLContext:
    """The TLS context for a camera. authorities: PEM file of further authorities that the site trusts.

    With a pinned certificate `require` decides after the handshake, before anything is sent. Raises AuthoritiesError.
    """
    if rule is None:
        made = ssl.create_default_context()
        if authorities is not None:
            _trust(made, authorities)
        return made
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except OSError:  # ssl.SSLError is one, of a file that is no PEM
        raise AuthoritiesError(
            "The file that CLEARGLASS_CAMERA_AUTHORITIES names cannot be read as PEM certificates.",
            remedy="Correct the setting or the file, and let the service's account read it.",
        ) from None


def fingerprint(certificate: bytes) -> str:
    """The rule that pins this certificate. certificate: DER."""
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def require(rule: str | None, certificate: bytes | None, address: Address) -> None:
    """Raises CameraCertificateError when a certificate (DER) is not the pinned one.

    The SSL context has checked the other rules.
    """
    if rule is None or rule == UNVERIFIED:
        return
    shown = fingerprint(certificate or b"")
    if shown != rule:
        raise CameraCertificateError(
            f"{address} shows another certificate than the pinned one: {shown}.",
            remedy="If the camera got a new certificate, pin that one. If not, something else answers in its place.",
        )


def refused(address: Address, error: ssl.SSLCertVerificationError, certificate: bytes | None) -> CameraCertificateError:
    """The error for a certificate that failed verification. certificate: DER; None where it could not be read."""
    reason = _REASONS.get(error.verify_code, "cannot be verified")
    shown = "" if certificate is None else f" Its fingerprint is {fingerprint(certificate)}."
    return CameraCertificateError(
        f"The certificate of {address} {reason}.{shown}",
        remedy="Give the camera a certificate of an authority in CLEARGLASS_CAMERA_AUTHORITIES, or compare the "
        "fingerprint with the camera's own page and pin it in the camera's settings.",
    )
