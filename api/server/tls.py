"""TLS of this project's servers, and the refusal to listen to other machines without it."""

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

from matcher.errors import ClearglassError


class TlsError(ClearglassError):
    """A server's certificate or its key cannot be used."""

    code: ClassVar[str] = "tls"


class PlainHttpError(ClearglassError):
    """Other machines would reach a server without encryption, and no option allows it."""

    code: ClassVar[str] = "plain_http"


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The files of a certificate with its chain, and of its key; both PEM, and the key without a password."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """The TLS context, for TLS 1.2 or 1.3. Raises: TlsError."""
        for file in (self.certificate, self.key):
            if not file.is_file():
                raise TlsError(f"There is no file {file}.", remedy="Give the files of the certificate and of its key.")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            # OpenSSL would prompt for a password at the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            raise TlsError(
                f"The certificate {self.certificate} and the key {self.key} cannot be used: {error.strerror or error}.",
                remedy="Both must be readable PEM files, the key without a password and of this certificate.",
            ) from error
        return context


def require_encryption(address: str, *, tls: Tls | None, proxied: bool, plain: bool) -> None:
    """Raises PlainHttpError where traffic would cross a network in the clear. address: to listen on. proxied: true if a
    proxy, which brings TLS, is named. plain: the explicit flag.
    """
    if tls is None and not proxied and not plain and not ip_address(address).is_loopback:
        raise PlainHttpError(
            f"On {address} other machines would reach it in plain HTTP: what is sent, passwords and pictures too, "
            "could be read and changed on its way.",
            remedy="Give --tls-certificate and --tls-key; or put a proxy with TLS in front and name its address in "
            "CLEARGLASS_TRUSTED_PROXIES; or say --plain-http, where nobody else can reach this address.",
        )
