"""`clearglass witness`: cosigns other logs as long as they only grow. It is independent of the service."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.listening import PlainHttp, TlsCertificate, TlsKey, tls_of
from api.cli.options import Json, default_folder
from api.cli.output import tell

app = typer.Typer(help="A witness for other logs (C2SP tlog-witness).", no_args_is_help=True)

Folder = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="CLEARGLASS_WITNESS_FOLDER",
        default_factory=lambda: default_folder().with_name("clearglass-witness"),
        show_default="~/.local/share/clearglass-witness",
        help="The witness's own folder: its key, and the checkpoints that it cosigned. Back it up.",
        file_okay=False,
    ),
]


@app.command()
def serve(
    folder: Folder,
    logs: Annotated[list[str], typer.Option("--log", metavar="KEY", help="A log's public key; once for each log.")],
    name: Annotated[
        str, typer.Option(help="The name of a new witness's key, such as example.org/witness.")
    ] = "witness",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8601,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
    plain_http: PlainHttp = False,
    json: Json = False,
) -> None:
    """Cosign the checkpoints of these logs, until SIGINT or SIGTERM."""
    from api.server.server import serve_witness
    from matcher.tlog.note import Verifier
    from matcher.tlog.witness import Witness

    tls = tls_of(tls_certificate, tls_key)
    with Witness.open(folder, [Verifier.parse(log) for log in logs], name=name) as witness:

        def announce(address: str) -> None:
            record = {"address": address, "witness_key": witness.verifier_key}
            tell(record, as_json=json, sentence=f"The witness is at {address}; its key is {witness.verifier_key}")

        serve_witness(witness, host=host, port=port, announce=announce, tls=tls, plain_http=plain_http)
