"""The certificate by which a rehearsal's server speaks TLS."""

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
        """The rule that pins this certificate in a camera's settings: "sha256:" and 64 hexadecimal digits of its
        DER."""
        first = self.certificate.read_text().partition("-----END CERTIFICATE-----")
        return f"sha256:{hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0] + first[1])).hexdigest()}"

    def context(self) -> ssl.SSLContext:
        """For the server's side of a connection. OSError: a file is missing or does not hold PEM."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
