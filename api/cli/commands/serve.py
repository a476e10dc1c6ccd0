"""`clearglass serve`: the whole service."""

from typing import Annotated

import typer

from api.cli.listening import PlainHttp, TlsCertificate, TlsKey, tls_of
from api.cli.options import Data, Json, opened
from api.cli.output import tell
from matcher.errors import ClearglassError


class NoAccountError(ClearglassError):
    """The folder has no account, so nobody could log in to the service."""

    code = "no_account"


def serve(
    data: Data,
    host: Annotated[str, typer.Option(envvar="CLEARGLASS_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="CLEARGLASS_PORT", min=0, max=65535, help="Port to listen on.")] = 8600,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
    plain_http: PlainHttp = False,
    json: Json = False,
) -> None:
    """Run the service: cameras, matcher, API and dashboard, until SIGINT or SIGTERM."""
    from api.server.server import serve_forever

    tls = tls_of(tls_certificate, tls_key)

    def announce(address: str) -> None:
        tell({"address": address}, as_json=json, sentence=f"Clearglass is at {address}")

    with opened(data) as service:
        if not service.accounts.list():
            raise NoAccountError(
                f"No account exists in {data}, so nobody could log in.",
                remedy="Add one first: clearglass account add NAME --role administrator",
            )
        serve_forever(service, host=host, port=port, announce=announce, tls=tls, plain_http=plain_http)
