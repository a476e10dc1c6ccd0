"""The TLS options of a command that serves other machines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.server.tls import Tls

TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        "--tls-certificate",
        envvar="CLEARGLASS_TLS_CERTIFICATE",
        help="PEM file of a certificate with its chain: turns HTTPS on.",
    ),
]
TlsKey = Annotated[
    Path | None, typer.Option("--tls-key", envvar="CLEARGLASS_TLS_KEY", help="PEM file of the certificate's key.")
]
PlainHttp = Annotated[
    bool,
    typer.Option(
        "--plain-http",
        envvar="CLEARGLASS_PLAIN_HTTP",
        help="Listen to other machines without TLS, where a network or a proxy protects the traffic.",
    ),
]


def tls_of(certificate: Path | None, key: Path | None) -> "Tls | None":
    """The TLS settings of both files; None for neither. Raises: TlsError for one without the other."""
    from api.server.tls import Tls, TlsError

    if (certificate is None) != (key is None):
        raise TlsError(
            "Of certificate and key only one is given.", remedy="Give both --tls-certificate and --tls-key, or neither."
        )
    return None if certificate is None or key is None else Tls(certificate=certificate, key=key)
