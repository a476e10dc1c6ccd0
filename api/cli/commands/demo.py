"""`clearglass demo`: the whole system on a rehearsal camera, from nothing to a verified log entry."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json


def demo(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="An empty folder; a new temporary one if not given.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the dashboard.")] = 8600,
    camera: Annotated[
        list[str] | None, typer.Option(help="A camera of your own: rtsp://… or a webcam's number. May be repeated.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End as soon as the first alert's log entry is verified.")
    ] = False,
    wait: Annotated[float, typer.Option(min=1, help="With --once: seconds to wait for the first alert.")] = 120.0,
    json: Json = False,
) -> None:
    """Show the whole system: a camera (a rehearsal camera by default), a volunteer, an alert, its proof in the log."""
    from matcher.process.processor import require_processor

    require_processor()
    from api.cli.demo import run_demo

    run_demo(folder=data, port=port, addresses=camera or [], once=once, wait=wait, as_json=json)
