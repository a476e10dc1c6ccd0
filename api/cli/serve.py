"""`clearglass serve`: the whole service."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Data, Json, opened
from api.cli.output import tell
from matcher.errors import ClearglassError


class NoAccountError(ClearglassError):
    """Nobody could log in to the service that is about to start."""

    code = "no_account"


def serve(
    data: Data,
    host: Annotated[str, typer.Option(envvar="CLEARGLASS_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="CLEARGLASS_PORT", min=0, max=65535, help="Port to listen on.")] = 8600,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(
            envvar="CLEARGLASS_TLS_CERTIFICATE",
            help="PEM file of a certificate with its chain: the service then speaks HTTPS.",
        ),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(envvar="CLEARGLASS_TLS_KEY", help="PEM file of the certificate's key.")
    ] = None,
    plain_http: Annotated[
        bool,
        typer.Option(
            "--plain-http",
            envvar="CLEARGLASS_PLAIN_HTTP",
            help="Listen to other machines without TLS, where a network or a proxy protects what is sent.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Run the service: cameras, matcher, API and dashboard, until it is told to stop."""
    from api.server import serve_forever
    from api.tls import Tls, TlsError

    if (tls_certificate is None) != (tls_key is None):
        raise TlsError(
            "Of certificate and key only one is given.", remedy="Give both --tls-certificate and --tls-key, or neither."
        )
    tls = None if tls_certificate is None or tls_key is None else Tls(certificate=tls_certificate, key=tls_key)

    def announce(address: str) -> None:
        tell({"address": address}, as_json=json, sentence=f"Clearglass is at {address}")

    with opened(data) as service:
        if not service.accounts.list():
            raise NoAccountError(
                f"No account exists in {data}, so nobody could log in.",
                remedy="Add one first: clearglass account add NAME --role administrator",
            )
        serve_forever(service, host=host, port=port, announce=announce, tls=tls, plain_http=plain_http)
