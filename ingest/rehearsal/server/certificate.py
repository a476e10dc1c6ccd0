"""The certificate of a rehearsal's TLS server."""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ServerCertificate:
    """Two PEM files: the certificate, with the intermediate ones after it, and its private key."""

    certificate: Path
    key: Path

    @property
    def pin(self) -> str:
        """The rule that pins this certificate in a camera's settings.

        It is "sha256:" and the hexadecimal SHA-256 of the certificate's DER form.
        """
        first = self.certificate.read_text().partition("-----END CERTIFICATE-----")
        return f"sha256:{hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0] + first[1])).hexdigest()}"

    def context(self) -> ssl.SSLContext:
        """Returns the TLS context of the server's side. Raises OSError if a file is missing or does not hold PEM."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
